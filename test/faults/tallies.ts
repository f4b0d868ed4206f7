import { Aggregate, EventStore, type FieldsInput } from "moleculer-event-sourcing";
import type { ServiceSchema } from "moleculer";

export const tallyFields = {
  n: { type: "integer", index: true },
  sum: "integer",
  text: "string",
} satisfies FieldsInput;

/** A store and a table in which each row contains the sum of all events up to its own. */
export function tallies(folder: string): ServiceSchema {
  const events = EventStore<Record<string, { n: number }>>("events", { adapter: `sqlite:${folder}/events.db` });
  // With a version: a process that Node runs and one that jest compiles have different texts of the same function.
  const table = Aggregate("tallies", { eventStore: events, fields: tallyFields, definitionVersion: 1 })
    .on("thing.counted")
    .create(async ({ id, position, payload: { n } }, { find }) => {
      const [last] = await find({ sort: "-n", limit: 1 });
      return { id, n: position, sum: (last?.sum ?? 0) + n, text: "x".repeat(500) };
    });
  return { name: "things", mixins: [events.mixin(), table.mixin()] };
}

import { Aggregate, EventStore, type FieldsInput } from "moleculer-event-sourcing";
import type { ServiceSchema } from "moleculer";

export const tallyFields = {
  n: { type: "integer", index: true },
  sum: "integer",
  text: "string",
} satisfies FieldsInput;

/** A store and a table of which each row says what all events up to its own add up to. */
export function tallies(folder: string): ServiceSchema {
  const events = EventStore<Record<string, { n: number }>>("events", { adapter: `sqlite:${folder}/events.db` });
  // Of one version: a process that Node runs and one that jest compiles have other texts of one function.
  const table = Aggregate("tallies", { eventStore: events, fields: tallyFields, version: 1 })
    .on("thing.counted")
    .create(async ({ id, position, payload: { n } }, { find }) => {
      const [last] = await find({ sort: "-n", limit: 1 });
      return { id, n: position, sum: (last?.sum ?? 0) + n, text: "x".repeat(500) };
    });
  return { name: "things", mixins: [events.mixin(), table.mixin()] };
}

import type { Context, ServiceSchema } from "moleculer";
import { Aggregate, EventStore, type RecordedEvent } from "moleculer-event-sourcing";
import { sqlite } from "moleculer-event-sourcing/adapters/sqlite";
import type { CrashKit } from "moleculer-event-sourcing/testing";

interface Added {
  n: number;
}

/** A store, a table whose rows depend on every event before, and a listener that writes down what it hears. */
export function tallyServices(folder: string, crash: CrashKit, heard: number[] = []): ServiceSchema[] {
  const events = EventStore<{ "tally.added": Added }>("events", {
    adapter: crash.adapter(sqlite(`${folder}/events.db`)),
  });
  const tallies = Aggregate("tallies", { eventStore: events, fields: { count: "integer", sum: "integer" } })
    .on("tally.added")
    .update(async ({ stream, payload }, { get }) => {
      const row = await get(stream);
      return { id: stream, count: (row?.count ?? 0) + 1, sum: (row?.sum ?? 0) + payload.n };
    });
  return [
    {
      name: "tally",
      mixins: [events.mixin(), tallies.mixin()],
      actions: {
        add: events.mapAction("tally.added", {
          stream: ({ n }) => `tally-${n % 3}`,
        }),
      },
    },
    {
      name: "listener",
      events: { "tally.added": (ctx: Context<RecordedEvent>) => void heard.push(ctx.params.position) },
    },
  ];
}

/** The table by a plain loop over the log. */
export function plainTallies(events: readonly RecordedEvent[]): { id: string; count: number; sum: number }[] {
  const rows = new Map<string, { id: string; count: number; sum: number }>();
  for (const { stream, payload } of events) {
    const { count, sum } = rows.get(stream) ?? { count: 0, sum: 0 };
    rows.set(stream, { id: stream, count: count + 1, sum: sum + (payload as unknown as Added).n });
  }
  return [...rows.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import {
  Aggregate,
  EventStore,
  Subscription,
  type Adapter,
  type ErrorPolicy,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import { spoken } from "../../mixins/service/between-nodes.ts";

export interface Thing {
  n: number;
  /** The number of failing attempts, in each consumer; null: all, until it is repaired. */
  fails: number | null;
  /** A batch ends after it. */
  ends: boolean;
}

export type ThingEvent = RecordedEvent<string, Thing>;
export type Table = "rows" | "entries";
export type Consumer = Table | "watch";

/**
 * The world outside the process, which outlives it: the faults of the events, and which consumers have received them.
 */
export class World {
  readonly repaired = new Set<string>();
  isWhole = false;
  /** The positions that a listener has received. */
  readonly heard: number[] = [];
  /** The events that the subscription has handled completely. */
  readonly handled: ThingEvent[] = [];
  readonly #tries = new Map<string, number>();
  readonly #ended = new Set<string>();

  /** @throws if this attempt of the event should fail */
  attempt(consumer: Consumer, event: ThingEvent): void {
    const { fails } = event.payload;
    const key = `${consumer} ${event.id}`;
    const tries = (this.#tries.get(key) ?? 0) + 1;
    this.#tries.set(key, tries);
    if (this.isBroken(event) || (!this.isWhole && fails !== null && tries <= fails))
      throw new Error(`try ${tries} fails`);
  }

  /**
   * Ends the batch in which the event is folded, by another caller's call. Only once: an event that ended its batch at
   * every attempt would never be tried often enough.
   */
  endBatch(broker: ServiceBroker, consumer: Consumer, { id, payload }: ThingEvent): void {
    const key = `${consumer} ${id}`;
    if (!payload.ends || this.#ended.has(key)) return;
    this.#ended.add(key);
    void broker.call(`$${consumer}.applyControl`, { revision: 0 }, spoken).catch(() => null);
  }

  isBroken({ id, payload: { fails } }: ThingEvent): boolean {
    return fails === null && !this.repaired.has(id);
  }
}

interface Places {
  log: Adapter;
  table: (name: Table) => Adapter;
  snapshots: string;
}

const onError: Partial<ErrorPolicy> = { retries: 1, delayMs: 1, maxParkedInARow: 1_000_000 };

/**
 * A store and its consumers: a table whose functions read its rows, with one row that depends on the order of all
 * events; a table folded by actions that query it over the broker; a subscription; and a listener.
 */
export function thingServices(world: World, { log, table, snapshots: folder }: Places): ServiceSchema[] {
  const events = EventStore<Record<string, Thing>>("events", { adapter: log });
  const options = (name: Table) => ({ eventStore: events, onError, adapter: table(name), snapshots: { folder } });
  const rows = Aggregate("rows", {
    ...options("rows"),
    fields: { sum: "integer", count: "integer", last: "integer", disorder: "boolean" },
  })
    .on("thing.*")
    .update(async ({ position }, { get }) => {
      const { sum, last, disorder } = (await get("all")) ?? { sum: 0, last: 0, disorder: false };
      return {
        id: "all",
        sum: ((sum ?? 0) * 31 + position) % 1_000_003,
        last: position,
        disorder: disorder === true || (last ?? 0) > position,
      };
    })
    .on("thing.*")
    .update((event, { ctx }) => {
      world.endBatch(ctx.broker, "rows", event);
      world.attempt("rows", event);
      return null;
    })
    .on("thing.created")
    .create(({ stream, version, payload: { n } }) => ({ id: stream, sum: n, count: 1, last: version }))
    .on("thing.changed")
    .update(async ({ stream, version, payload: { n } }, { get }) => {
      const row = await get(stream);
      return { id: stream, sum: (row?.sum ?? 0) + n, count: (row?.count ?? 0) + 1, last: version };
    })
    .on("thing.removed")
    .remove(({ stream }) => stream);
  const entries = Aggregate("entries", {
    ...options("entries"),
    fields: { stream: "string", n: "integer", nth: "integer" },
  })
    .on("thing.created")
    .createMany("things.toEntries")
    .on("thing.changed")
    .createMany("things.toEntries")
    .on("thing.removed")
    .remove("things.toRemoved");
  const watch = Subscription("watch", {
    eventStore: events,
    onError,
    on: {
      "thing.*": (event) => {
        world.attempt("watch", event);
        world.handled.push(event);
      },
    },
  });
  return [
    {
      name: "things",
      mixins: [events.mixin(), rows.mixin(), entries.mixin(), watch.mixin()],
      actions: {
        async toEntries(ctx: Context<ThingEvent>) {
          const { stream, payload } = ctx.params;
          const nth: number = await ctx.call("entries.count", { query: { stream } });
          world.endBatch(ctx.broker, "entries", ctx.params);
          world.attempt("entries", ctx.params);
          return [
            { stream, n: payload.n, nth },
            { stream, n: -payload.n, nth: nth + 1 },
          ];
        },
        async toRemoved(ctx: Context<ThingEvent>) {
          world.attempt("entries", ctx.params);
          return ctx.call("entries.find", { query: { stream: ctx.params.stream } });
        },
      },
    },
    {
      name: "listener",
      events: {
        async "thing.*"(ctx: Context<ThingEvent>) {
          // Time for a crash: so far the listener has received nothing.
          await new Promise((turn) => setImmediate(turn));
          world.heard.push(ctx.params.position);
        },
      },
    },
  ];
}

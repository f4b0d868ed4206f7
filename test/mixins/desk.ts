import {
  Aggregate,
  EventStore,
  ProcessManager,
  Subscription,
  type AggregateStatus,
  type ConsumerStatus,
  type OnError,
  type ParkedEvent,
} from "moleculer-event-sourcing";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { Row } from "../../core/rows/fields.ts";
import { eventually } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";

/** A service that every handler calls with its event's entity, and its faults, until the test removes them. */
export class Desk {
  /** The entities that were served, in order. */
  readonly served: string[] = [];
  /** The positions of their events. */
  readonly positions: number[] = [];
  /** The entities of all calls, answered or not. */
  readonly called: string[] = [];
  readonly #faults = new Map<string, () => unknown>();

  /** `*`: every entity. */
  failsFor(entity: string, fault: () => unknown): this {
    this.#faults.set(entity, fault);
    return this;
  }

  works(): void {
    this.#faults.clear();
  }

  get service(): ServiceSchema {
    return {
      name: "desk",
      actions: {
        serve: async ({ params: { entity, position } }: Context<{ entity: string; position: number }>) => {
          this.called.push(entity);
          await (this.#faults.get("*") ?? this.#faults.get(entity))?.();
          this.served.push(entity);
          this.positions.push(position);
        },
      },
    };
  }
}

export const kinds = ["aggregate", "subscription", "process manager"] as const;
export type Kind = (typeof kinds)[number];

export type Status = AggregateStatus | ConsumerStatus;

/** The store `events` and the consumer `reader` of one kind, which calls the desk for each `thing.*`. */
export function readerService(kind: Kind, folder: string, onError?: OnError): ServiceSchema {
  const eventStore = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
  const policy = onError ?? { retries: 2, delayMs: 1 };
  const serve = ({ call }: { call: Context["call"] }, id: string, position: number) =>
    call("desk.serve", { entity: id, position }, { timeout: 60 });
  const reader =
    kind === "aggregate"
      ? Aggregate("reader", { eventStore, adapter: "memory:", fields: { n: "integer" }, onError: policy })
          .on("thing.*")
          .create(async ({ id, position }, view): Promise<Row> => {
            await serve(view.ctx, view.id, position);
            return { id, n: position };
          })
      : kind === "subscription"
        ? Subscription("reader", {
            eventStore,
            onError: policy,
            on: { "thing.*": ({ position }, view) => serve(view, view.id, position) },
          })
        : ProcessManager("reader", {
            eventStore,
            onError: policy,
            on: {
              "thing.*": async ({ position }, view) => {
                await serve(view, view.id, position);
              },
            },
          });
  return { name: "host", mixins: [eventStore.mixin(), reader.mixin()] };
}

/** Stores an event of each entity; returns the events' ids. */
export async function happen(broker: ServiceBroker, ...entities: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const entity of entities) {
    const events = [{ type: "thing.happened", payload: {} }];
    const stored: { events: { id: string }[] } = await broker.call("events.append", {
      stream: `thing-${entity}`,
      events,
    });
    ids.push(stored.events[0]!.id);
  }
  return ids;
}

export const statusOf = (broker: ServiceBroker): Promise<Status> => broker.call("reader.status");

/** Waits for a status that has these fields. */
export const withStatus = (broker: ServiceBroker, expected: object): Promise<Status> =>
  eventually(async () => {
    const status = await statusOf(broker);
    expect(status).toMatchObject(expected);
    return status;
  });

/** The streams of the parked events that have failed. */
export const parkedStreams = async (broker: ServiceBroker): Promise<string[]> => {
  const events = await eventsIn(broker.call<{ events: ParkedEvent[] }>("reader.parked"));
  return events.flatMap(({ stream, error }) => (error ? [stream] : []));
};

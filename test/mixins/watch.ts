import {
  EventStore,
  Subscription,
  type StoredAnswer,
  type ErrorPolicy,
  type ParkedEvent,
  type StartFrom,
} from "moleculer-event-sourcing";
import type { HandlerView, RecordedEvent, ConsumerStatus } from "moleculer-event-sourcing";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { eventually } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";

/** The events that a handler has received, and faults at some positions until the test removes them. */
export class Watched {
  readonly seen: number[] = [];
  readonly #faults = new Map<number, () => unknown>();

  at(position: number, fault: () => unknown): this {
    this.#faults.set(position, fault);
    return this;
  }

  poison(position: number): this {
    return this.at(position, () => {
      throw new Error(`poison ${position}`);
    });
  }

  mend(...positions: number[]): void {
    for (const position of positions) this.#faults.delete(position);
  }

  async handle({ position }: RecordedEvent, _view?: HandlerView): Promise<void> {
    this.seen.push(position);
    await this.#faults.get(position)?.();
  }
}

interface Options {
  folder: string;
  watched: Watched;
  onError?: Partial<ErrorPolicy>;
  startFrom?: StartFrom;
  hostsStore?: boolean;
  hostsWatch?: boolean;
}

/** A service with the store `events` and the subscription `watch` to `thing.**`, or one of the two. */
export function watchService({
  folder,
  watched,
  onError,
  startFrom = "origin",
  hostsStore = true,
  hostsWatch = true,
}: Options): ServiceSchema {
  const events = EventStore("events", { adapter: `sqlite:${folder}/events.db`, host: hostsStore });
  const watch = Subscription("watch", {
    eventStore: events,
    startFrom,
    onError: { retries: 1, delayMs: 1, ...onError },
    on: { "thing.**": (event, view) => watched.handle(event, view) },
  });
  return { name: "host", mixins: [events.mixin(), ...(hostsWatch ? [watch.mixin()] : [])] };
}

/** Stores one event per stream; returns their ids. */
export async function appendTo(broker: ServiceBroker, ...streams: string[]): Promise<string[]> {
  const answers = await Promise.all(
    streams.map((stream): Promise<StoredAnswer> =>
      broker.call("events.append", { stream, events: [{ type: "thing.happened", payload: {} }] }),
    ),
  );
  return answers.map(({ events }) => events[0]!.id);
}

export const statusOf = (broker: ServiceBroker): Promise<ConsumerStatus> => broker.call("watch.status");

export const parkedPositions = async (broker: ServiceBroker): Promise<number[]> =>
  (await eventsIn(broker.call<{ events: ParkedEvent[] }>("watch.parked"))).map(({ position }) => position);

/** Waits for a status that has these fields. */
export const withStatus = (broker: ServiceBroker, expected: Partial<ConsumerStatus>): Promise<ConsumerStatus> =>
  eventually(async () => {
    const status = await statusOf(broker);
    expect(status).toMatchObject(expected);
    return status;
  });

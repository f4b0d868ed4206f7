import { randomUUID } from "node:crypto";
import { Aggregate, EventStore, ProcessManager, Subscription, type RecordedEvent } from "moleculer-event-sourcing";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { LogLines } from "../mixins/log-lines.ts";
import { caughtUp, eventually, newBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";

/** Longer than any engine needs to report an outage: a later caller would get Moleculer's time-out instead. */
const timeout = 30_000;
export const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

/** A store on the engine with all its consumers: a listener, a table, a subscription and a process manager. */
export class FollowedStore {
  readonly name = `s${randomUUID().slice(0, 8)}`;
  readonly heard = new Set<number>();
  readonly handled = new Set<number>();
  readonly commanded = new Set<number>();
  readonly lines = new LogLines({});
  readonly broker: ServiceBroker;

  constructor(adapter: string, table: string | null) {
    const { name } = this;
    const events = EventStore(name, { adapter });
    const rows = Aggregate(`${name}Rows`, {
      eventStore: events,
      ...(table !== null && { adapter: table }),
      fields: { position: "integer" },
    })
      .on("thing.happened")
      .create(({ id, position }) => ({ id, position }));
    const watch = Subscription(`${name}Watch`, {
      eventStore: events,
      on: { "thing.happened": ({ position }) => void this.handled.add(position) },
    });
    const process = ProcessManager(`${name}Process`, {
      eventStore: events,
      correlate: ({ stream }) => stream,
      initialState: () => ({}),
      on: { "thing.happened": ({ position }, { call }) => call("other.note", { position }) },
    });
    const host: ServiceSchema = {
      name: "host",
      mixins: [events, rows, watch, process].map((one) => one.mixin()),
      events: { "thing.happened": ({ params }: Context<RecordedEvent>) => void this.heard.add(params.position) },
    };
    const other: ServiceSchema = {
      name: "other",
      actions: {
        ping: () => "pong",
        note: ({ params }: Context<{ position: number }>) => void this.commanded.add(params.position),
      },
    };
    this.broker = newBroker({ logger: this.lines });
    for (const service of [host, other]) this.broker.createService(service);
  }

  call<Answer>(action: string, params: object = {}): Promise<Answer> {
    return this.broker.call<Answer, object>(`${this.name}.${action}`, params, { timeout });
  }

  append(stream = "thing-1", id: string = randomUUID()): Promise<{ position: number }> {
    return this.call("append", { stream, events: [{ id, type: "thing.happened", payload: {} }] });
  }

  consumer<Status>(name: "Rows" | "Watch" | "Process"): Promise<Status> {
    return this.broker.call(`${this.name}${name}.status`);
  }

  async everything(): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for (;;) {
      const page = await eventsIn(
        this.call<{ events: RecordedEvent[] }>("read", { after: events.length, limit: 1000 }),
      );
      if (page.length === 0) return events;
      events.push(...page);
    }
  }
}

/** Expects every consumer of the store to have every event, and no consumer to report a problem. */
export async function expectCaughtUp(store: FollowedStore): Promise<void> {
  await caughtUp(store.broker, `${store.name}Rows`);
  const positions = (await store.everything()).map(({ position }) => position);
  expect(positions).toEqual(upTo(positions.length));
  const rows = await store.broker.call<{ position: number }[], object>(`${store.name}Rows.find`, { sort: "position" });
  expect(rows.map(({ position }) => position)).toEqual(positions);
  await eventually(() => {
    for (const seen of [store.heard, store.handled, store.commanded])
      expect([...seen].toSorted((one, other) => one - other)).toEqual(positions);
  });
  for (const name of ["Rows", "Watch", "Process"] as const)
    await eventually(async () => expect(await store.consumer(name)).toMatchObject({ state: "live", cause: null }));
  await eventually(async () => expect(await store.call("status")).toMatchObject({ state: "live", cause: null }));
}

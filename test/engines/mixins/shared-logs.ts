import { randomUUID } from "node:crypto";
import {
  Aggregate,
  Decider,
  EventStore,
  ProcessManager,
  Subscription,
  type Adapter,
  type StoredAnswer,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import type { Context, ServiceBroker } from "moleculer";
import type { EventLog } from "../../../core/log/event-log.ts";
import { eventually, newFolder, startBroker } from "../../support/broker.ts";

type Listener = (position: number) => unknown;

/** One node that hosts the log, and what it has heard, handled and counted. */
export interface LogNode {
  broker: ServiceBroker;
  /** By its pump. */
  heard: number[];
  /** By its subscription. */
  handled: number[];
}

/** Nodes of one network that host one log on a server, each with a table of its own in SQLite. */
export class SharedLog {
  readonly #namespace = randomUUID();
  readonly #adapter: (folder: string) => Adapter;
  /** How often each node has asked for a lease. */
  readonly asked: Record<string, number> = {};

  /** @param adapter of a node, which may have a folder for itself */
  constructor(adapter: (folder: string) => Adapter) {
    this.#adapter = adapter;
  }

  /** A host without a broker, that nobody hears of. */
  async withLog<Answer>(work: (log: EventLog) => Promise<Answer>): Promise<Answer> {
    const log = this.#adapter(newFolder()).eventLog!(this.#namespace);
    await log.open();
    try {
      return await work(log);
    } finally {
      await log.close();
    }
  }

  async node(nodeID: string, listener: Listener = () => {}): Promise<LogNode> {
    const folder = newFolder();
    const heard: number[] = [];
    const handled: number[] = [];
    const adapter = this.#adapter(folder);
    const eventLog = () => {
      const log = adapter.eventLog!(this.#namespace);
      const acquireLease = log.control.acquireLease.bind(log);
      log.control.acquireLease = (...wanted) => {
        this.asked[nodeID] = (this.asked[nodeID] ?? 0) + 1;
        return acquireLease(...wanted);
      };
      return log;
    };
    const events = EventStore("events", {
      adapter: { ...adapter, eventLog },
      pump: { batchSize: 10 },
    });
    const table = Aggregate("table", {
      eventStore: events,
      adapter: `sqlite:${folder}/table.db`,
      fields: { n: "integer", before: "integer" },
      // A slow machine is no failure.
      readAfterTimeoutMs: 60_000,
    })
      .on("thing.added")
      .create(async ({ id, position }, { find }) => ({ id, n: position, before: (await find()).length }));
    const watch = Subscription("watch", {
      eventStore: events,
      on: { "thing.added": ({ position }) => void handled.push(position) },
    });
    const counter = ProcessManager("counter", {
      eventStore: events,
      correlate: ({ stream }) => stream,
      initialState: (): { seen: number[] } => ({ seen: [] }),
      on: { "thing.added": ({ position }, { state }) => ({ seen: [...state.seen, position] }) },
    });
    const tally = Decider("tally", {
      eventStore: events,
      initialState: () => ({ sum: 0 }),
      commands: {
        add: {
          params: { n: "number" },
          decide: ({ sum }, { n }) => ({ type: "tally.added", payload: { n, sum: sum + n } }),
        },
      },
      evolve: { "tally.added": (_state, { payload }) => ({ sum: (payload as { sum: number }).sum }) },
    });
    const broker = await startBroker(
      [
        { name: "host", mixins: [events, table, watch, counter].map((one) => one.mixin()) },
        { name: "tally", mixins: [tally.mixin()] },
        {
          name: "listener",
          events: {
            async "thing.added"(ctx: Context<RecordedEvent>) {
              heard.push(ctx.params.position);
              await listener(ctx.params.position);
            },
          },
        },
      ],
      { namespace: this.#namespace, nodeID, transporter: "Fake" },
    );
    return { broker, heard, handled };
  }

  /** The first of them pumps, handles and counts. */
  async pair(listener?: Listener): Promise<[LogNode, LogNode]> {
    const first = await this.node("first", listener);
    for (const service of ["watch", "counter"]) await withStatus(first, service, { state: "live" });
    const second = await this.node("second", listener);
    for (const service of ["watch", "counter"]) await withStatus(second, service, { state: "standby" });
    return [first, second];
  }
}

/** Through this node, in a stream of its own. */
export async function add({ broker }: LogNode, count = 1): Promise<StoredAnswer> {
  const events = Array.from({ length: count }, () => ({ type: "thing.added", payload: {} }));
  return broker.call("events.append", { stream: `thing-${broker.nodeID}`, events });
}

/** By its own node: a broker may balance otherwise. */
export const ask = <Answer>({ broker }: LogNode, action: string, params = {}, meta = {}): Promise<Answer> =>
  broker.call(action, params, { nodeID: broker.nodeID, meta });

export const withStatus = (node: LogNode, service: string, wanted: object) =>
  eventually(async () => expect(await ask(node, `${service}.status`)).toMatchObject(wanted));

export const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

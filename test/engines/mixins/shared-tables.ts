import { randomUUID } from "node:crypto";
import {
  Aggregate,
  EventStore,
  type Adapter,
  type ErrorPolicy,
  type FieldsInput,
  type RecordedEvent,
  type TransformView,
} from "moleculer-event-sourcing";
import type { BrokerOptions, ServiceBroker, ServiceSchema } from "moleculer";
import { noOrigin } from "../../../core/table/read-table.ts";
import { eventually, newFolder, startBroker } from "../../support/broker.ts";
import { watchedTables, type OnTableCall } from "../../mixins/watched-tables.ts";

type Transform = (event: RecordedEvent, view: TransformView) => unknown;

interface Options {
  /** What is folded of each `thing.added`; one row per event by default. */
  transform?: Transform;
  version?: number;
  fields?: FieldsInput;
  onError?: Partial<ErrorPolicy>;
  onChange?: "rebuild" | "warn" | "refuse";
  /** What happens to the calls of this node's table. */
  meet?: OnTableCall;
}

/** One row per event, which says how many there were before it. */
const numbered: Transform = async ({ id, position }, { find }) => ({ id, n: position, before: (await find()).length });

export const numberedFields = { n: { type: "integer", index: true }, before: "integer", by: "string" } as const;

/** Nodes of one network that share a table; the store is on a node of its own. */
export class SharedTable {
  readonly folder = newFolder();
  readonly store: ServiceBroker;
  readonly #namespace: string;
  readonly #adapter: Adapter;

  private constructor(adapter: Adapter, namespace: string, store: ServiceBroker) {
    this.#adapter = adapter;
    this.#namespace = namespace;
    this.store = store;
  }

  /** Each call names another table of the adapter's. */
  static async start(adapter: Adapter): Promise<SharedTable> {
    const namespace = randomUUID();
    const events = EventStore("events", { adapter: `sqlite:${newFolder()}/events.db` });
    const store = await startBroker([{ name: "keeper", mixins: [events.mixin()] }], options(namespace, "store"));
    return new SharedTable(adapter, namespace, store);
  }

  async node(nodeID: string, given: Options = {}, more: BrokerOptions = {}): Promise<ServiceBroker> {
    return startBroker([this.service(given)], { ...options(this.#namespace, nodeID), ...more });
  }

  service({
    transform = numbered,
    version = 1,
    fields = numberedFields,
    onError = {},
    onChange,
    meet = () => {},
  }: Options = {}): ServiceSchema {
    const events = EventStore("events", { adapter: "sqlite:nowhere.db", host: false });
    const adapter = watchedTables(this.#adapter, meet);
    const table = Aggregate("table", {
      eventStore: events,
      adapter: { ...adapter, readTable: () => adapter.readTable!(this.#namespace) },
      fields,
      // A slow machine is no failure.
      readAfterTimeoutMs: 60_000,
      snapshots: { folder: this.folder },
      onError: { retries: 0, ...onError },
      ...(onChange && { onChange }),
      definitionVersion: version,
    })
      .on("thing.added")
      .create(transform as (event: RecordedEvent) => never)
      .on("thing.gone")
      .remove((event) => (event.payload as { of: string }).of);
    return { name: "tables", mixins: [table.mixin()] };
  }

  /** A node that folds, and one that looks on. */
  async pair(onFirst: Options = {}, onSecond: Options = onFirst): Promise<[ServiceBroker, ServiceBroker]> {
    const first = await this.node("first", onFirst);
    await withStatus(first, { state: "live" });
    const second = await this.node("second", onSecond);
    await withStatus(second, { state: "standby" });
    return [first, second];
  }

  /** As a node does that takes the nodes of this definition for gone. */
  async dropOwner(owner: string): Promise<void> {
    const table = this.#adapter.readTable!(this.#namespace);
    await table.open(new Map(), noOrigin, { owner: "other" });
    await table.dropOwner(owner);
    await table.close();
  }

  /** Answers the ids of the events. */
  async add(count: number, type = "thing.added", stream = "thing-1"): Promise<string[]> {
    const events = Array.from({ length: count }, () => ({ type, payload: {} }));
    const { events: added } = await this.store.call<{ events: RecordedEvent[] }, object>("events.append", {
      stream,
      events,
    });
    return added.map(({ id }) => id);
  }
}

const options = (namespace: string, nodeID: string): BrokerOptions => ({ namespace, nodeID, transporter: "Fake" });

/** By its own node: a broker may balance otherwise. */
export const ask = <Answer>(broker: ServiceBroker, action: string, params = {}, meta = {}): Promise<Answer> =>
  broker.call(`table.${action}`, params, { nodeID: broker.nodeID, meta });

export const statusOf = (broker: ServiceBroker) => ask<Record<string, unknown>>(broker, "status");

export const withStatus = (broker: ServiceBroker, wanted: object) =>
  eventually(async () => {
    const status = await statusOf(broker);
    expect(status).toMatchObject(wanted);
    return status;
  });

export const rowsOn = (broker: ServiceBroker, meta = {}): Promise<Record<string, unknown>[]> =>
  ask(broker, "find", { sort: "n" }, meta);

/** What `numbered` folds of so many events at the log's beginning. */
export const numbers = (count: number) => Array.from({ length: count }, (_, before) => ({ n: before + 1, before }));

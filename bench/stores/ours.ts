import { join } from "node:path";
import { ServiceBroker, type Context, type ServiceSchema } from "moleculer";
import { sqlite } from "../../adapters/sqlite/sqlite.ts";
import type { Adapter } from "../../core/adapter.ts";
import { parseFields } from "../../core/rows/fields.ts";
import { Aggregate, EventStore, type RecordedEvent } from "../../index.ts";
import type { ConsumerPage } from "../../mixins/consumer/consumer-page.ts";
import { eventType, params, streamOf, type Payload } from "../events.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

type Events = { [eventType]: Payload };
type Folded = { total: number; events: number } | null;

/** The kinds of transforms: a function or an action, each without and with a query of its own table. */
export type TransformKind = "function" | "function with a query" | "action" | "action with a query";

export const fields = {
  name: "string",
  city: { type: "string", index: true },
  amount: "integer",
  total: "integer",
  events: "integer",
} as const;

export const storeName = "benchEventStore";
export const tableName = "benchTable";

/** The file of a table in `folder`: its first generation. */
export const tableFile = (folder: string) => join(folder, "table/1.db");

const toRow = ({ id, name, city, amount }: Payload, row: Folded) => ({
  id,
  name,
  city,
  amount,
  total: (row?.total ?? 0) + amount,
  events: (row?.events ?? 0) + 1,
});

/** The package as a service uses it: a broker with default options, and one service that appends. */
export class Ours {
  readonly broker = new ServiceBroker({ nodeID: "bench", logger: false });
  readonly #events;

  private constructor(log: string | Adapter) {
    this.#events = EventStore<Events>(storeName, { adapter: typeof log === "string" ? sqlite(log) : log });
  }

  /** `log`: the path of a file, or an adapter of another engine. */
  static async start(log: string | Adapter): Promise<Ours> {
    const ours = new Ours(log);
    ours.broker.createService(ours.#writer());
    await ours.broker.start();
    return ours;
  }

  #writer(): ServiceSchema {
    return {
      name: "bench",
      mixins: [this.#events.mixin()],
      actions: {
        change: this.#events.mapAction(eventType, {
          params,
          stream: ({ id }: Payload) => streamOf(id),
          expectedVersion: (_: Payload, ctx: Context<Payload>) => (ctx.meta as { version?: number }).version ?? "any",
        }),
      },
    };
  }

  /** Starts folding the log into a table in `folder`. */
  async addTable(
    folder: string,
    kind: TransformKind = "function",
    name = tableName,
    adapter: Adapter = sqlite(join(folder, `${name === tableName ? "table" : name}.db`)),
  ): Promise<void> {
    const table = Aggregate(name, {
      eventStore: this.#events,
      fields,
      adapter,
      readAfterTimeoutMs: 3_600_000,
      maxPageSize: 100,
    });
    const transforms = {
      function: ({ payload }: RecordedEvent<string, Payload>) => toRow(payload, null),
      "function with a query": async (
        { payload }: RecordedEvent<string, Payload>,
        { get }: { get: (id: string) => Promise<object | null> },
      ) => toRow(payload, (await get(payload.id)) as Folded),
      action: `${name}Transforms.plain`,
      "action with a query": `${name}Transforms.query`,
    };
    this.broker.createService({
      name: `${name}Transforms`,
      mixins: [table.on(eventType).update(transforms[kind]).mixin()],
      actions: {
        plain: (ctx: Context<RecordedEvent<string, Payload>>) => toRow(ctx.params.payload, null),
        query: async (ctx: Context<RecordedEvent<string, Payload>>) => {
          const { payload } = ctx.params;
          return toRow(payload, await ctx.call<Folded, object>(`${name}.resolve`, { id: payload.id }));
        },
      },
    });
    await this.broker.waitForServices(name, 60_000, 1);
  }

  /** Puts an empty table with a checkpoint at the log's head into `folder`, for `addTable` to open. */
  async leaveAtHead(folder: string, name: string): Promise<void> {
    const page: ConsumerPage = await this.broker.call(
      `$${storeName}.page`,
      {
        consumer: `table/${name}`,
        after: (await this.broker.call<{ head: number }>(`${storeName}.status`)).head,
        limit: 0,
        types: [],
      },
      spoken,
    );
    const table = sqlite(join(folder, `${name}.db`)).readTable!("table");
    await table.open(parseFields(name, fields));
    const batch = await table.live().begin();
    const { position, positionId, log } = page;
    await batch.commit({ position, positionId, log, folded: position, reordered: false });
    await table.close();
  }

  /** Appends one event through the action, with the expected version of its stream. */
  append(payload: Payload, version: number): Promise<RecordedEvent> {
    return this.broker.call("bench.change", payload, { meta: { version } });
  }

  appendBatch(entity: string, version: number, payloads: readonly Payload[]): Promise<unknown> {
    return this.broker.call(`${storeName}.append`, {
      stream: streamOf(entity),
      expectedVersion: version,
      events: payloads.map((payload) => ({ type: eventType, payload })),
    });
  }

  /** A row as of the event at `position`, or later. */
  rowAfter(id: string, position: number): Promise<{ amount: number }> {
    return this.broker.call(`${tableName}.get`, { id }, { meta: { readAfter: { [storeName]: position } } });
  }

  /** Call it before the table exists: it then folds nothing until `resume`. */
  async pause(): Promise<void> {
    const consumer = `table/${tableName}`;
    await this.broker.call(`$${storeName}.control`, { consumer, change: { pause: true } }, spoken);
  }

  async resume(): Promise<void> {
    await this.broker.call(`${tableName}.resume`);
  }

  /** Resolves when the table has folded the event at `position`. */
  async folded(position: number, name = tableName): Promise<void> {
    await this.broker.call(`${name}.resolve`, { id: "nobody" }, { meta: { readAfter: { [storeName]: position } } });
  }

  async stop(): Promise<void> {
    await this.broker.stop();
  }
}

import type { ServiceSchema } from "moleculer";
import { postgres } from "../adapters/postgres/postgres.ts";
import { nats } from "../adapters/nats/nats.ts";
import { Aggregate, EventStore, type RecordedEvent } from "../index.ts";
import type { Payload } from "./events.ts";
import { fields, storeName, tableName } from "./stores/ours.ts";
import type { SharedNodeOptions } from "./stores/shared-node.ts";

/** Whether the transform queries its row first, which is a round trip to the server per event. */
export type TableKind = "plain" | "query";

type View = { get: (id: string) => Promise<object | null> };

/** One row for each stream. */
const plain = ({ payload: { id, name, city, amount } }: RecordedEvent<string, Payload>) => ({ id, name, city, amount });

const counted = async (event: RecordedEvent<string, Payload>, { get }: View) => {
  const row = (await get(event.payload.id)) as { total: number; events: number } | null;
  return { ...plain(event), total: (row?.total ?? 0) + event.payload.amount, events: (row?.events ?? 0) + 1 };
};

/** The services of a node: the store on its engine, and a table in PostgreSQL. */
export function sharedServices({ log, table, folder, kind, version }: SharedNodeOptions): ServiceSchema[] {
  const adapter = log.engine === "nats" ? nats(log.url, { folder }) : postgres(log.url);
  const store = EventStore(storeName, { adapter });
  const aggregate = Aggregate(tableName, {
    eventStore: store,
    fields,
    adapter: postgres(table),
    definitionVersion: version,
    readAfterTimeoutMs: 3_600_000,
  })
    .on("property.changed")
    .update((kind === "plain" ? plain : counted) as never);
  return [{ name: "shared", mixins: [store.mixin(), aggregate.mixin()] }];
}

import type { MongoClientOptions } from "mongodb";
import type { Adapter } from "../../core/adapter.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { isPlainObject, assertFolder, assertKnownOptions, assertDefinition } from "../../core/options/options.ts";
import { ChainedLog } from "../parts/commit-chain/chained-log.ts";
import { storageName } from "../../core/errors/storage-name.ts";
import { JournaledReadTable } from "../parts/journaled-table/read-table.ts";
import { MongoChain } from "./commit-chain.ts";
import { MongoRowStore } from "./row-store.ts";

export interface MongoOptions {
  /** For the host's own files, `data` by default: the log's index, which is as large as the log, and a table's snapshots. */
  folder?: string;
  /**
   * `"anew"`: where the server has lost the log, or a part of it, what is left of it (the host's index, control state) is
   * disregarded. Without it such a start is refused. It changes nothing where the log is there. Meant for one start.
   */
  begin?: "anew";
  /** For the driver's `MongoClient`: TLS, credentials, pools. */
  client?: MongoClientOptions;
}

/** Nothing but hosts and the database is shown: no part of a password with characters that end it may stand in their place. */
const host = String.raw`(?:\[[^\]]*\]|[^/?@:,]+)(?::\d+)?`;
const address = new RegExp(String.raw`^(mongodb(?:\+srv)?)://(?:[^@/]*@)?(${host}(?:,${host})*)(?:/([^?@]*))?(?:\?|$)`);

const defaultDatabase = "moleculer_event_sourcing";

/**
 * A log or read tables in collections of MongoDB, which any number of nodes host. A standalone server does, as does a
 * replica set. A batch of a table is journaled and its rows are fenced, so that no transactions are needed: readers may see
 * a part of it for a moment.
 *
 * @param url `mongodb://localhost:27017/shop`; the database is the path, without one `moleculer_event_sourcing`
 * @example EventStore("orderEvents", { adapter: mongodb("mongodb://localhost:27017/shop") })
 * @throws DefinitionError
 */
export function mongodb(url: string, options: MongoOptions = {}): Adapter {
  const parts = typeof url === "string" && address.exec(url);
  if (!parts)
    throw new DefinitionError({
      field: "adapter",
      found: url,
      expected: "the URL of a server, like mongodb://localhost:27017/shop",
    });
  assertKnownOptions("adapter", options, ["folder", "begin", "client"]);
  const { folder = "data", begin, client = {} } = options;
  assertFolder(folder);
  assertDefinition(begin === undefined || begin === "anew", "adapter.begin", begin, "anew, or nothing");
  assertDefinition(isPlainObject(client), "adapter.client", client, "an object of the driver's options");
  const [, scheme, hosts = "", path] = parts;
  const database = path || defaultDatabase;
  const location = `${scheme}://${hosts.split(",").toSorted().join(",")}/${database}`;
  const placeOf = (name: string) => ({ url, database, client, name: storageName(name) });
  const adapter: Adapter = {
    engine: "mongodb",
    location,
    keepsApart: true,
    eventLog: (name) =>
      new ChainedLog(
        new MongoChain(`${location}/${name}`, placeOf(name)),
        `${folder}/${storageName(name)}.index.db`,
        begin,
      ),
    readTable: (name) => new JournaledReadTable(new MongoRowStore(`${location}/${name}`, placeOf(name)), name, folder),
    beside: () => adapter,
  };
  return adapter;
}

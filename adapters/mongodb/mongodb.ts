import "../../core/errors/node-version.ts";
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
  /**
   * The folder for the host's own files, `data` by default: the log's index, which is as large as the log, and a
   * table's snapshots.
   */
  folder?: string;
  /**
   * `"anew"`: if the server has lost the log or a part of it, the remains (the host's index, control state) are
   * ignored. Without it, such a start fails. It has no effect if the log is complete. Meant for one start.
   */
  begin?: "anew";
  /** Options for the driver's `MongoClient`: TLS, credentials, pools. */
  driver?: MongoClientOptions;
}

/**
 * Errors show only hosts and the database. The pattern is strict, so that an unescaped password cannot be taken for a
 * host.
 */
const host = String.raw`(?:\[[^\]]*\]|[^/?@:,]+)(?::\d+)?`;
const address = new RegExp(String.raw`^(mongodb(?:\+srv)?)://(?:[^@/]*@)?(${host}(?:,${host})*)(?:/([^?@]*))?(?:\?|$)`);

const defaultDatabase = "moleculer_event_sourcing";

/**
 * A log or read tables in collections of MongoDB, hosted by any number of nodes. The server may be standalone or a
 * replica set. Tables need no transactions, because batches are journaled and rows are fenced; readers may see a part
 * of a batch for a moment.
 *
 * @param url `mongodb://localhost:27017/shop`; the path is the database, `moleculer_event_sourcing` by default
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
  assertKnownOptions("adapter", options, ["folder", "begin", "driver"]);
  const { folder = "data", begin, driver = {} } = options;
  assertFolder(folder);
  assertDefinition(begin === undefined || begin === "anew", "adapter.begin", begin, "anew, or nothing");
  assertDefinition(isPlainObject(driver), "adapter.driver", driver, "an object of the driver's options");
  const [, scheme, hosts = "", path] = parts;
  const database = path || defaultDatabase;
  const location = `${scheme}://${hosts.split(",").toSorted().join(",")}/${database}`;
  const targetOf = (name: string) => ({ url, database, driver, name: storageName(name) });
  const adapter: Adapter = {
    engine: "mongodb",
    location,
    keepsApart: true,
    eventLog: (name) =>
      new ChainedLog(
        new MongoChain(`${location}/${name}`, targetOf(name)),
        `${folder}/${storageName(name)}.index.db`,
        begin,
      ),
    readTable: (name) => new JournaledReadTable(new MongoRowStore(`${location}/${name}`, targetOf(name)), name, folder),
    beside: () => adapter,
  };
  return adapter;
}

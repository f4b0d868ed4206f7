import "../../core/errors/node-version.ts";
import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import type { Adapter } from "../../core/adapter.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { assertKnownOptions } from "../../core/options/options.ts";
import type { TableCapabilities } from "../../core/table/read-table.ts";
import { JournaledReadTable } from "../parts/journaled-table/read-table.ts";
import { MoleculerDbRowStore } from "./row-store.ts";

export interface MoleculerDbOptions {
  /**
   * The file of an adapter that stores everything in one file, as NeDB on disk does. One host locks it, by a file
   * `<file>.host` beside it.
   */
  file?: string;
  /**
   * `many`, the default: all nodes reach the same rows. `one`: only this process sees its rows, as with NeDB. With
   * `file` it is `one`.
   */
  hosts?: "one" | "many";
  /**
   * What acknowledged writes survive. `process`, the default: a killed process. `power`: a power cut, for MongoDB with
   * `w=majority&journal=true`. `none`: for an adapter in memory. NeDB on disk does not flush: `process`.
   */
  durability?: "power" | "process" | "none";
  /** The `collection` of the service schema that the adapter receives. Default: the aggregate's name. */
  collection?: string;
}

/**
 * A read table on any moleculer-db adapter that supports queries and updates in MongoDB's syntax, rejects an existing
 * `_id`, and checks conditions and writes in one step. Batches are journaled and rows are fenced: a table is consistent
 * after a crash, but readers may see a part of a batch for a moment. The factory makes one adapter per table when the
 * table opens. This process sorts and compares text, so a query without another condition reads every row.
 *
 * @example Aggregate("orders", { adapter: moleculerDb(() => new MongoDbAdapter("mongodb://localhost/shop")), … })
 * @throws DefinitionError
 */
export function moleculerDb(make: () => unknown, options: MoleculerDbOptions = {}): Adapter {
  assertKnownOptions("adapter", options, ["file", "hosts", "durability", "collection"]);
  const throwInvalid = (field: string, found: unknown, expected: string): never => {
    throw new DefinitionError({ field: `adapter${field}`, found, expected });
  };
  const { file, hosts = file === undefined ? "many" : "one", durability = "process", collection } = options;
  if (typeof make !== "function")
    throwInvalid("", make, "a function that makes an adapter, like () => new MemoryAdapter()");
  if (file !== undefined && (typeof file !== "string" || file === ""))
    throwInvalid(".file", file, "the path of a file");
  const allowed: TableCapabilities["hosts"][] = file === undefined ? ["one", "many"] : ["one"];
  if (!allowed.includes(hosts)) throwInvalid(".hosts", hosts, allowed.join(" or "));
  if (!["power", "process", "none"].includes(durability))
    throwInvalid(".durability", durability, "power, process or none");
  if (collection !== undefined && (typeof collection !== "string" || collection === ""))
    throwInvalid(".collection", collection, "a name");
  const location = `moleculer-db:${file === undefined ? randomUUID() : resolve(file)}`;
  const open = new Set<string>();
  return {
    engine: "moleculer-db",
    location,
    readTable: (name) =>
      new JournaledReadTable(
        new MoleculerDbRowStore({
          location: `${file ?? "moleculer-db adapter"} (${collection ?? name})`,
          make,
          collection: collection ?? name,
          durability,
          hosts,
          file: file === undefined ? null : resolve(file),
          open,
        }),
        name,
      ),
  };
}

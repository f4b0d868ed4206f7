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
   * The file that the adapter keeps everything in, where it does, as NeDB on disk: it is locked for one host, by a file
   * `<file>.host` beside it.
   */
  file?: string;
  /**
   * `many`, the default: all nodes reach the same rows. `one`: what this process has written only this process sees, as with
   * NeDB. A `file` has one host.
   */
  hosts?: "one" | "many";
  /**
   * What the adapter's answered writes survive: `process`, the default, its process being killed; `power` a power cut, which
   * for MongoDB takes `w=majority&journal=true`; `none`, for one in memory. NeDB on disk does not flush: `process`.
   */
  durability?: "power" | "process" | "none";
  /** The `collection` of the service that the adapter is told it belongs to. Default: the aggregate's name. */
  collection?: string;
}

/**
 * A read table on any moleculer-db adapter that takes queries and updates in MongoDB's words, refuses an `_id` that is
 * there, and looks at conditions and writes in one step. Batches are journaled and rows fenced: a table is right after a
 * crash, though readers may see a part of a batch for a moment. One adapter, made by the factory when the table is opened,
 * holds one table; text is sorted and compared here, so that a query that no other condition narrows reads every row.
 *
 * @example Aggregate("orders", { adapter: moleculerDb(() => new MongoDbAdapter("mongodb://localhost/shop")), … })
 * @throws DefinitionError
 */
export function moleculerDb(make: () => unknown, options: MoleculerDbOptions = {}): Adapter {
  assertKnownOptions("adapter", options, ["file", "hosts", "durability", "collection"]);
  const refuse = (field: string, found: unknown, expected: string): never => {
    throw new DefinitionError({ field: `adapter${field}`, found, expected });
  };
  const { file, hosts = file === undefined ? "many" : "one", durability = "process", collection } = options;
  if (typeof make !== "function") refuse("", make, "a function that makes an adapter, like () => new MemoryAdapter()");
  if (file !== undefined && (typeof file !== "string" || file === "")) refuse(".file", file, "the path of a file");
  const allowed: TableCapabilities["hosts"][] = file === undefined ? ["one", "many"] : ["one"];
  if (!allowed.includes(hosts)) refuse(".hosts", hosts, allowed.join(" or "));
  if (!["power", "process", "none"].includes(durability)) refuse(".durability", durability, "power, process or none");
  if (collection !== undefined && (typeof collection !== "string" || collection === ""))
    refuse(".collection", collection, "a name");
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

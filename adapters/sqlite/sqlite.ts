import "../../core/errors/node-version.ts";
import { dirname, resolve } from "node:path";
import type { Adapter } from "../../core/adapter.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { assertKnownOptions } from "../../core/options/options.ts";
import { SqliteEventLog, type SqliteLogOptions } from "./event-log.ts";
import { SqliteReadTable } from "./read-table.ts";

/**
 * A log in a local file, or a read table in a folder, hosted by one process. The folder of a table is the path without
 * its ending `.db`.
 *
 * @example EventStore("orderEvents", { adapter: sqlite("/var/lib/shop/orders.db", { durability: "process" }) })
 * @throws DefinitionError if the path is missing or an option is invalid
 */
export function sqlite(path: string, options: SqliteLogOptions = {}): Adapter {
  assertKnownOptions("adapter", options, ["durability", "begin"]);
  const { durability = "power", begin } = options;
  if (typeof path !== "string" || path === "" || path.startsWith(":"))
    throw new DefinitionError({
      field: "adapter",
      found: path,
      expected: "the path of a file, such as sqlite:data/orders.db",
    });
  if (durability !== "power" && durability !== "process")
    throw new DefinitionError({
      field: "adapter.durability",
      found: durability,
      expected: "power or process",
    });
  if (begin !== undefined && begin !== "anew")
    throw new DefinitionError({ field: "adapter.begin", found: begin, expected: "anew, or nothing" });
  const file = resolve(path);
  return {
    engine: "sqlite",
    location: `sqlite:${file}`,
    folder: dirname(file),
    eventLog: () => new SqliteEventLog(file, { durability, ...(begin && { begin }) }),
    readTable: () => new SqliteReadTable(file),
    beside: (name) => sqlite(`${dirname(file)}/${name}.db`),
  };
}

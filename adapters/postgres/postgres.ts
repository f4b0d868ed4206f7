import "../../core/errors/node-version.ts";
import type { Adapter } from "../../core/adapter.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { assertFolder, assertKnownOptions } from "../../core/options/options.ts";
import { shortName } from "../../core/errors/storage-name.ts";
import { addressOf } from "./address.ts";
import { checkDriverOptions, type DriverOptions } from "./driver-options.ts";
import { PostgresEventLog } from "./event-log.ts";
import type { Location } from "./location.ts";
import { optionNames, assertKnownParameters } from "./parameters.ts";
import { PostgresReadTable } from "./read-table.ts";
import { quote } from "./schema.ts";

export interface PostgresOptions {
  /** The database schema of the log or the table. Default: the name of the store or aggregate; see `shortName`. */
  schema?: string;
  /** Time in milliseconds after which a statement fails and the server counts as unavailable. Default 30,000. */
  timeoutMs?: number;
  /**
   * `power`, the default: acknowledged events survive a power cut, and a server with unsafe settings is rejected.
   * `process`: such settings are allowed.
   */
  durability?: "power" | "process";
  /** Folder for the host's own files, which are the snapshots of a table. Default `data`. */
  folder?: string;
  /**
   * URL of a direct connection to the server, not through a proxy that pools transactions. It reports commits of other
   * hosts at once (`LISTEN`), if nodes outside of this broker's network share the log. Without it, the host finds such
   * commits within a second.
   */
  listen?: string;
  /**
   * Options for the pool of the driver `pg` in addition to the URL: an `ssl` object, `password` as a function, `max`
   * (the connections of this process to the server, at least 2; default 60), and others.
   */
  driver?: DriverOptions;
}

const ours: readonly string[] = [
  ...(optionNames satisfies readonly (keyof PostgresOptions)[]),
  "driver" satisfies keyof PostgresOptions,
];
/** In bytes. PostgreSQL truncates longer names. */
const longestName = 63;

/**
 * A log or a read table in a PostgreSQL database (12 or newer), shared by any number of nodes. Needs the package `pg`.
 *
 * @example EventStore("orderEvents", { adapter: postgres("postgres://shop:secret@db/shop") })
 * @throws DefinitionError
 */
export function postgres(connectionString: string, options: PostgresOptions = {}): Adapter {
  const refuse = (field: string, found: unknown, expected: string): never => {
    throw new DefinitionError({ field: `adapter${field}`, found, expected });
  };
  assertKnownOptions("adapter", options, ours);
  const { schema, timeoutMs = 30_000, durability = "power", listen = null, folder = "data" } = options;
  const driver = checkDriverOptions("adapter.driver", options.driver ?? {});
  const address = addressOf("adapter", connectionString);
  assertKnownParameters("adapter", address.parameters, (name) =>
    ours.includes(name)
      ? "it in the options of the factory"
      : `one of the options ${ours.join(", ")}, or an option of the driver`,
  );
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1) refuse(".timeoutMs", timeoutMs, "a whole number from 1");
  if (durability !== "power" && durability !== "process") refuse(".durability", durability, "power or process");
  const check = (name: string, field = ".schema", expected = "the name of a schema of its own") => {
    const isName = typeof name === "string" && name !== "" && Buffer.byteLength(name) <= longestName;
    if (!isName || name.includes("\0") || name.startsWith("pg_") || name === "public")
      refuse(field, name, `${expected}, of at most ${longestName} bytes`);
    return name;
  };
  assertFolder(folder);
  if (listen !== null)
    assertKnownParameters(
      "adapter.listen",
      addressOf("adapter.listen", listen).parameters,
      () => "one of the options of the driver",
    );
  if (schema !== undefined) check(schema);
  // The caller has named the store or the table, but no schema.
  const schemaNamed = (name: string) =>
    check(shortName(name), "", "a name for the schema, from the option `schema` or the name of the store or table");
  const schemaOf = (name: string) => schema ?? schemaNamed(name);
  const location = `postgres://${address.host}${address.database}`;
  const placeOf = (name: string): Location => ({
    server: { connectionString, timeoutMs, driver },
    of: name,
    name: schemaOf(name),
    schema: quote(schemaOf(name)),
    location: `${location} schema ${quote(schemaOf(name))}`,
    durability,
    listen,
    folder,
  });
  return {
    engine: "postgres",
    location: schema === undefined ? location : `${location}#${schema}`,
    keepsApart: schema === undefined,
    eventLog: (name) => new PostgresEventLog(placeOf(name)),
    readTable: (name) => new PostgresReadTable(placeOf(name)),
    beside: (name) => postgres(connectionString, { ...options, schema: schemaNamed(name) }),
  };
}

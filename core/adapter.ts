import type { EventLog } from "./log/event-log.ts";
import type { ReadTable } from "./table/read-table.ts";
import { UnknownAdapterError } from "./errors/errors.ts";

/** The location of a log or a table: an engine and a place in it. Opens nothing by itself. */
export interface Adapter {
  readonly engine: string;
  /** Two adapters with the same location are the same place. */
  readonly location: string;
  /** The folder of its file. Absent if the adapter does not use a file of this machine. */
  readonly folder?: string;
  /** True if every name is a separate place within the location, so that a store and its tables may share it. */
  readonly keepsApart?: boolean;
  /** The log of the store `name`. Absent if the engine stores no logs. */
  eventLog?(name: string): EventLog;
  /** The table of the aggregate `name`. Absent if the engine stores no tables. */
  readTable?(name: string): ReadTable;
  /**
   * The default adapter for the table `name` of an aggregate without an adapter of its own: a location next to this
   * one.
   */
  beside?(name: string): Adapter;
}

/** The engines that a connection string can name, by scheme, and the default for a store without an adapter. */
export interface Engines {
  byScheme: Readonly<Record<string, (connectionString: string) => Adapter>>;
  byDefault(name: string): Adapter;
}

/** @throws UnknownAdapterError */
export function resolveAdapter(engines: Engines, given: string | Adapter): Adapter {
  if (
    typeof given === "object" &&
    given !== null &&
    typeof given.engine === "string" &&
    typeof given.location === "string"
  )
    return given;
  const scheme = typeof given === "string" ? given.slice(0, given.indexOf(":")) : "";
  const open = Object.hasOwn(engines.byScheme, scheme) ? engines.byScheme[scheme] : undefined;
  if (!open)
    throw new UnknownAdapterError(
      given,
      Object.keys(engines.byScheme).map((known) => `${known}:`),
    );
  return open(given as string);
}

type Another = (adapter: Adapter, name: string) => Adapter;

const replaced = new WeakMap<object, Another>();

/** Replaces the adapter of every store and table that this broker starts later, by calling `another` with its name. */
export const replaceAdapters = (broker: object, another: Another): void => void replaced.set(broker, another);

/** The adapter that the store or table `name`, defined with `adapter`, uses on this broker. */
export const adapterOn = (broker: object, adapter: Adapter, name: string): Adapter =>
  replaced.get(broker)?.(adapter, name) ?? adapter;

import type { EventLog } from "./log/event-log.ts";
import type { ReadTable } from "./table/read-table.ts";
import { UnknownAdapterError } from "./errors/errors.ts";

/** Where a log or a table lives: an engine and a place in it. Opens nothing by itself. */
export interface Adapter {
  readonly engine: string;
  /** Two adapters with the same location are the same place. */
  readonly location: string;
  /** The folder of its file. Missing where it is no file of this machine. */
  readonly folder?: string;
  /** What has another name is another place there: a store and its tables may share it. */
  readonly keepsApart?: boolean;
  /** The log of the store `name`. Missing where the engine keeps no logs. */
  eventLog?(name: string): EventLog;
  /** The table of the aggregate `name`. Missing where the engine keeps no tables. */
  readTable?(name: string): ReadTable;
  /** The place next to this one for a table called `name`, used where an aggregate names none of its own. */
  beside?(name: string): Adapter;
}

/** The engines that a connection string can name, by scheme, and the one for stores that name none. */
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

/** From here on each store and table of this broker, by its name, lives where `another` says, whatever its definition says. */
export const replaceAdapters = (broker: object, another: Another): void => void replaced.set(broker, another);

/** Where the store or table `name` that is defined with this adapter lives on a broker. */
export const adapterOn = (broker: object, adapter: Adapter, name: string): Adapter =>
  replaced.get(broker)?.(adapter, name) ?? adapter;

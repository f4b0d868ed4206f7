import type { Adapter } from "../../core/adapter.ts";
import { numberIn } from "../../core/options/options.ts";
import { optionNames } from "./parameters.ts";
import { postgres, type PostgresOptions } from "./postgres.ts";

/**
 * `postgres://user:password@host:port/database`. The parameters `schema`, `timeoutMs`, `durability`, `listen` and
 * `folder` are options of the adapter, all others belong to the driver.
 */
export function postgresFromString(connectionString: string): Adapter {
  const [server = "", search = ""] = splitAt(connectionString, connectionString.indexOf("?"));
  const parameters = new URLSearchParams(search);
  const options: Partial<Record<(typeof optionNames)[number], string | number>> = {};
  for (const name of optionNames) {
    const value = parameters.get(name);
    parameters.delete(name);
    if (value !== null) options[name] = name === "timeoutMs" ? numberIn(value) : value;
  }
  if (Object.keys(options).length === 0) return postgres(connectionString);
  return postgres(parameters.size === 0 ? server : `${server}?${parameters.toString()}`, options as PostgresOptions);
}

const splitAt = (text: string, index: number): string[] =>
  index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];

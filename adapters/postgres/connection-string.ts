import type { Adapter } from "../../core/adapter.ts";
import { numberIn } from "../../core/options.ts";
import { optionNames } from "./parameters.ts";
import { postgres, type PostgresOptions } from "./postgres.ts";

/** `postgres://user:password@host:port/database`; `schema`, `timeoutMs`, `durability`, `listen` and `folder` are ours, the rest the driver's. */
export function postgresFromString(connectionString: string): Adapter {
  const url = URL.parse(connectionString);
  if (!url?.search) return postgres(connectionString);
  const options: Partial<Record<(typeof optionNames)[number], string | number>> = {};
  for (const name of optionNames) {
    const value = url.searchParams.get(name);
    url.searchParams.delete(name);
    if (value !== null) options[name] = name === "timeoutMs" ? numberIn(value) : value;
  }
  return postgres(url.href, options as PostgresOptions);
}

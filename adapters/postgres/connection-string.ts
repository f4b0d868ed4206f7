import type { Adapter } from "../../core/adapter.ts";
import { postgres, type PostgresOptions } from "./postgres.ts";

const ours = ["schema", "timeoutMs", "durability", "listen", "folder"] satisfies (keyof PostgresOptions)[];

/** `postgres://user:password@host:port/database`; `schema`, `timeoutMs`, `durability`, `listen` and `folder` are ours, the rest the driver's. */
export function postgresFromString(connectionString: string): Adapter {
  const url = URL.parse(connectionString);
  if (!url) return postgres(connectionString);
  const options: Partial<Record<(typeof ours)[number], string | number>> = {};
  for (const name of ours) {
    const value = url.searchParams.get(name);
    url.searchParams.delete(name);
    if (value !== null) options[name] = name === "timeoutMs" ? Number(value) : value;
  }
  return postgres(url.href, options as PostgresOptions);
}

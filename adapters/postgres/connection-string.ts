import type { Adapter } from "../../core/adapter.ts";
import { postgres, type PostgresOptions } from "./postgres.ts";

/** `postgres://user:password@host:port/database`; `schema`, `timeoutMs`, `durability` and `listen` are ours, the rest the driver's. */
export function postgresFromString(connectionString: string): Adapter {
  const url = URL.parse(connectionString);
  if (!url) return postgres(connectionString);
  const take = (name: string) => {
    const value = url.searchParams.get(name);
    url.searchParams.delete(name);
    return value;
  };
  const [schema, timeoutMs, durability, listen] = [
    take("schema"),
    take("timeoutMs"),
    take("durability"),
    take("listen"),
  ];
  return postgres(url.href, {
    ...(schema !== null && { schema }),
    ...(timeoutMs !== null && { timeoutMs: Number(timeoutMs) }),
    ...(durability !== null && { durability: durability as NonNullable<PostgresOptions["durability"]> }),
    ...(listen !== null && { listen }),
  });
}

import type Pg from "pg";
import type { PoolConfig } from "pg";
import { UnusableStoreError } from "../../core/errors.ts";

/** What is used of it. */
export type Driver = Pick<typeof Pg, "Pool" | "Client" | "types">;

/** An optional peer: loaded by whoever opens a log or a table, and by nobody else. @throws UnusableStoreError */
export async function driver(where: string): Promise<Driver> {
  try {
    return (await import("pg")).default;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UnusableStoreError(where, "needs the driver of PostgreSQL, which is not installed: npm i pg", error);
  }
}

/** PostgreSQL's bigint. Positions, versions and whole numbers of rows are safe integers. */
const bigint = 20;

/** Of our connections only: the driver's own table of types is everybody's. */
export const typesOf = ({ types }: Driver): NonNullable<PoolConfig["types"]> => ({
  getTypeParser: (id: number, format?: "text" | "binary") =>
    id === bigint ? Number : (types.getTypeParser(id, format) as (text: string) => unknown),
});

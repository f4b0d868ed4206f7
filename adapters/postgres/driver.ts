import type Pg from "pg";
import type { PoolConfig } from "pg";

/** What is used of it. */
export type Driver = Pick<typeof Pg, "Pool" | "Client" | "types">;

/** PostgreSQL's bigint. Positions, versions and whole numbers of rows are safe integers. */
const bigint = 20;

/** Of our connections only: the driver's own table of types is everybody's. */
export const typesOf = ({ types }: Driver): NonNullable<PoolConfig["types"]> => ({
  getTypeParser: (id: number, format?: "text" | "binary") =>
    id === bigint ? Number : (types.getTypeParser(id, format) as (text: string) => unknown),
});

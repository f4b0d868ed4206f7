import type Pg from "pg";
import type { PoolConfig } from "pg";

/** The parts of the driver `pg` that the adapter uses. */
export type Driver = Pick<typeof Pg, "Pool" | "Client" | "types">;

/** The type id of bigint. Positions, versions and integers of rows are safe integers. */
const bigint = 20;

/** Type parsers for our connections only. The driver's global parsers are shared with the application. */
export const typesOf = ({ types }: Driver): NonNullable<PoolConfig["types"]> => ({
  getTypeParser: (id: number, format?: "text" | "binary") =>
    id === bigint ? Number : (types.getTypeParser(id, format) as (text: string) => unknown),
});

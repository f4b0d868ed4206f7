import { times } from "../../core/concurrency/times.ts";
import type { Connections } from "./connections.ts";
import { sqlStateOf } from "./errors.ts";
import { rowsOf } from "./generation.ts";

/** A generation that no host has used for this long is a leftover of a crash. */
const abandonedAfter = "1 day";
/** A query reads its rows, or it is live. */
const inUse = ["55P03", "23503"];

/** Drops a generation. If it is being read, it stays, and a later start drops it. One that is live stays. */
export async function removeGeneration(connections: Connections, schema: string, number: number): Promise<void> {
  try {
    await connections.transaction(async (session) => {
      await session.query(`SET LOCAL lock_timeout = ${times.postgres.dropMs}`);
      await session.query(`DELETE FROM ${schema}.generations WHERE number = $1`, [number]);
      await session.query(`DROP TABLE IF EXISTS ${rowsOf(schema, number)}`);
    });
  } catch (error) {
    if (!inUse.includes(sqlStateOf(error) ?? "")) throw error;
  }
}

/** Prevents switches, and first generations of other hosts, until the transaction ends. Queries go on. */
export const lockLive = (schema: string) => `LOCK TABLE ${schema}.live IN SHARE ROW EXCLUSIVE MODE`;

/**
 * Ends the live generation of an owner. If no other owner has one, it stays.
 * @returns the generations of the owner, which are then to be removed
 */
export const dropLive = (connections: Connections, schema: string, owner: string): Promise<number[]> =>
  connections.transaction(async (session) => {
    await session.query(lockLive(schema));
    const isNotLast = `owner = $1 AND EXISTS (SELECT FROM ${schema}.live WHERE owner <> $1)`;
    await session.query(`DELETE FROM ${schema}.live WHERE ${isNotLast}`, [owner]);
    const { rows } = await session.query(`SELECT number FROM ${schema}.generations WHERE ${isNotLast}`, [owner]);
    return rows.map(([number]) => number as number);
  });

/** Drops the generations that crashes left. */
export async function removeLeftovers(connections: Connections, schema: string): Promise<void> {
  const { rows } = await connections.query(
    `SELECT number FROM ${schema}.generations WHERE number NOT IN (SELECT number FROM ${schema}.live)
       AND touched < clock_timestamp() - interval '${abandonedAfter}'`,
  );
  for (const [number] of rows as [number][]) await removeGeneration(connections, schema, number);
}

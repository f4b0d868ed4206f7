import { times } from "../../core/concurrency/times.ts";
import type { Connections } from "./connections.ts";
import { sqlStateOf } from "./errors.ts";
import { rowsOf } from "./generation.ts";

/** A generation that no host has used for this long is a leftover of a crash. */
const abandonedAfter = "1 day";
const lockNotAvailable = "55P03";

/** Drops a generation. If it is being read, it stays, and a later start drops it. */
export async function removeGeneration(connections: Connections, schema: string, number: number): Promise<void> {
  try {
    await connections.transaction(async (session) => {
      await session.query(`SET LOCAL lock_timeout = ${times.postgres.dropMs}`);
      await session.query(`DELETE FROM ${schema}.generations WHERE number = $1`, [number]);
      await session.query(`DROP TABLE IF EXISTS ${rowsOf(schema, number)}`);
    });
  } catch (error) {
    if (sqlStateOf(error) !== lockNotAvailable) throw error;
  }
}

/** Drops the generations that crashes left. */
export async function removeLeftovers(connections: Connections, schema: string): Promise<void> {
  const { rows } = await connections.query(
    `SELECT number FROM ${schema}.generations WHERE number <> (SELECT number FROM ${schema}.live)
       AND touched < clock_timestamp() - interval '${abandonedAfter}'`,
  );
  for (const [number] of rows as [number][]) await removeGeneration(connections, schema, number);
}

import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { times } from "../../core/concurrency/times.ts";
import type { Connections } from "./connections.ts";
import type { Location } from "./location.ts";

/**
 * Gives every generation of the owner a new last commit, which no other host knows. Before its next commit, a host has
 * to read the generation's progress.
 */
export async function fence(connections: Connections, { schema }: Location, owner: string): Promise<void> {
  const unfenced = `SELECT number FROM ${schema}.generations WHERE last_commit <> $1 AND owner = $2`;
  const values = [randomUUID(), owner];
  for (;;) {
    await connections.query(
      `UPDATE ${schema}.generations SET last_commit = $1 WHERE number IN (${unfenced} FOR NO KEY UPDATE SKIP LOCKED)`,
      values,
    );
    const { rows } = await connections.query(unfenced, values);
    if (rows.length === 0) return;
    // The generation is locked by a host that has lost its turn. Ending its session rolls back its batch.
    for (const [number] of rows as [number][]) await endFrozenWriter(connections, schema, number, 0);
    await wait(times.postgres.retryMs);
  }
}

/**
 * Ends a session that is idle in a transaction. The server ends the session of a killed host itself, but a frozen host
 * would keep its lock for ever.
 */
export async function endFrozenWriter(
  connections: Connections,
  schema: string,
  number: number,
  afterMs: number,
): Promise<void> {
  await connections.query(
    `SELECT pg_terminate_backend(a.pid) FROM ${schema}.generations g
     JOIN pg_stat_activity a ON a.backend_xid = g.xmax
     WHERE g.number = $1 AND a.state LIKE 'idle in transaction%'
       AND a.state_change <= clock_timestamp() - $2 * interval '1 millisecond'`,
    [number, afterMs],
  );
}

import type { LiveGeneration, ParkedStream, Progress } from "../../core/table/read-table.ts";
import type { Session } from "./connections.ts";

export const progressColumns = "position, position_id, folded, reordered, log";
export type ProgressRow = [number, string | null, number, boolean, string | null];

export const progressOf = ([position, positionId, folded, reordered, log]: ProgressRow): Progress => ({
  position,
  positionId,
  folded,
  reordered,
  log,
});

/** Stores the checkpoint of a generation, and the id of the commit that contains it. */
export async function storeProgress(
  session: Session,
  schema: string,
  number: number,
  { position, positionId, folded, reordered, log }: Progress,
  commit: string,
): Promise<void> {
  await session.query(
    `UPDATE ${schema}.generations SET position = $1, position_id = $2, folded = $3, reordered = $4, log = $5,
       last_commit = $6, touched = clock_timestamp() WHERE number = $7`,
    [position, positionId, folded, reordered, log, commit, number],
  );
}

export async function storeParked(
  session: Session,
  schema: string,
  number: number,
  event: ParkedStream,
): Promise<void> {
  await session.query(
    `INSERT INTO ${schema}.parked VALUES ($1, $2, $3, $4) ON CONFLICT (generation, id) DO UPDATE SET event = excluded.event`,
    [number, event.id, event.position, JSON.stringify(event)],
  );
}

/** The live generations, the one that became live last first. */
export async function liveGenerations(session: Pick<Session, "query">, schema: string): Promise<LiveGeneration[]> {
  const { rows } = await session.query(
    `SELECT live.owner, number, ${progressColumns}
     FROM ${schema}.live JOIN ${schema}.generations USING (number) ORDER BY since DESC`,
  );
  return (rows as [string, number, ...ProgressRow][]).map(([owner, number, ...progress]) => ({
    owner,
    number,
    progress: progressOf(progress),
  }));
}

import type Database from "better-sqlite3";
import { sizeOfFile } from "./file-identity.ts";

/** Larger logs are checked only near the head, since a start after a kill must not take minutes. */
const maxCheckedBytes = 16 * 1024 * 1024;
const nearHead = 1000;

/** Returns damage that an unclean shutdown alone cannot cause, or null. */
export function logProblem(db: Database.Database, file: string): string | null {
  const isSmall = sizeOfFile(file) + sizeOfFile(`${file}-wal`) <= maxCheckedBytes;
  return (isSmall ? damageIn(db) : null) ?? gapIn(db, isSmall ? -1 : nearHead);
}

function damageIn(db: Database.Database): string | null {
  const found = db.pragma("integrity_check(1)", { simple: true }) as string;
  return found === "ok" ? null : `both together are damaged (${found})`;
}

/** @param limit how many of the last events to check, -1 for all */
function gapIn(db: Database.Database, limit: number): string | null {
  const last = `(SELECT position, id, stream, version FROM events ORDER BY position DESC LIMIT ${limit})`;
  const [count, first, head] = db
    .prepare(`SELECT count(*), ifnull(min(position), 1), ifnull(max(position), 0) FROM ${last}`)
    .raw(true)
    .get() as [number, number, number];
  if (head - first + 1 !== count || (limit < 0 && first !== 1))
    return `found ${count} events at the positions ${first} to ${head}, expected one at each position`;
  const before = "SELECT 1 FROM events before WHERE before.stream = e.stream AND before.version = e.version - 1";
  const gap = db
    .prepare(`SELECT stream, version FROM ${last} e WHERE version > 1 AND NOT EXISTS (${before}) LIMIT 1`)
    .raw(true)
    .get() as [string, number] | undefined;
  return gap ? `found version ${gap[1]} of ${JSON.stringify(gap[0])}, expected the version before it as well` : null;
}

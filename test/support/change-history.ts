import type Database from "better-sqlite3";

/**
 * Changes stored events as a broken medium or an editor would. The triggers that refuse it are there again afterwards.
 */
export function changeHistory(db: Database.Database, work: string | (() => void)): void {
  const triggers = db
    .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    .all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
  if (typeof work === "string") db.exec(work);
  else work();
  for (const { sql } of triggers) db.exec(sql);
}

import { existsSync, rmSync } from "node:fs";
import Database from "better-sqlite3";
import { openDatabase, type Schema } from "./database.ts";
import { isSqliteError } from "./errors.ts";

export const tableSchema: Schema = {
  applicationId: 0x65735431,
  migrations: [
    `CREATE TABLE checkpoint (
       only INTEGER PRIMARY KEY CHECK (only = 1),
       position INTEGER NOT NULL,
       folded INTEGER NOT NULL,
       position_id TEXT,
       reordered INTEGER NOT NULL,
       log TEXT,
       fields TEXT NOT NULL
     ) STRICT;
     CREATE TABLE parked (id TEXT PRIMARY KEY, position INTEGER NOT NULL UNIQUE, event TEXT NOT NULL) STRICT, WITHOUT ROWID;`,
    // Events that only "what if" knows may share a position, and be parked.
    `ALTER TABLE checkpoint ADD COLUMN definition TEXT NOT NULL DEFAULT '';
     ALTER TABLE checkpoint ADD COLUMN build_order TEXT NOT NULL DEFAULT '';
     ALTER TABLE parked RENAME TO parked_1;
     CREATE TABLE parked (id TEXT PRIMARY KEY, position INTEGER NOT NULL, event TEXT NOT NULL) STRICT, WITHOUT ROWID;
     INSERT INTO parked SELECT * FROM parked_1;
     DROP TABLE parked_1;`,
  ],
};

/**
 * NORMAL is enough here: a power cut may take back the last commits, rows and checkpoint together, and they are folded
 * from the log again.
 */
export const openWriter = (file: string): Database.Database =>
  openDatabase(file, tableSchema, { synchronous: "NORMAL" });

/** Where there was no file; none is left where it cannot be opened. */
export function openNewWriter(file: string): Database.Database {
  try {
    return openWriter(file);
  } catch (error) {
    removeFile(file);
    throw error;
  }
}

/** Removes what a crash left of a generation. @throws UnusableStoreError where the file is another's, a log even */
export function removeLeftover(file: string): void {
  if (existsSync(file) && !isMarkedAsOurs(file)) openWriter(file).close();
  removeFile(file);
}

/**
 * By the header alone: of a copy that a crash has cut off there may be no more, which is read with `writable_schema`.
 * Through SQLite, since the file may be one that this process has open: see `namedFile`.
 */
function isMarkedAsOurs(file: string): boolean {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true, timeout: 0 }).unsafeMode(true);
    db.pragma("writable_schema = ON");
    return db.pragma("application_id", { simple: true }) === tableSchema.applicationId;
  } catch (error) {
    if (isSqliteError(error)) return false;
    throw error;
  } finally {
    db?.close();
  }
}

/** Removes a generation's file and what SQLite keeps beside it. */
export function removeFile(file: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
}

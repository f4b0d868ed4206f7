/** The schema of a generation's file, and how such files are created and removed. */
import { existsSync, rmSync } from "node:fs";
import { fieldsToText, type Fields } from "../../core/rows/fields.ts";
import type { Origin } from "../../core/table/read-table.ts";
import Database from "./driver.ts";
import { openDatabase, type Schema } from "./database.ts";
import { isSqliteError, translate } from "./errors.ts";

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
       fields TEXT NOT NULL,
       definition TEXT NOT NULL,
       request_id TEXT NOT NULL
     ) STRICT;
     -- Not unique: parked events of a what-if branch may share a position.
     CREATE TABLE parked (id TEXT PRIMARY KEY, position INTEGER NOT NULL, event TEXT NOT NULL) STRICT, WITHOUT ROWID;`,
  ],
};

/** The number of the generation whose file has this name; null for another file. */
export function generationOf(name: string): number | null {
  const number = /^([1-9]\d*)\.db$/.exec(name)?.[1];
  return number === undefined ? null : Number(number);
}

/**
 * NORMAL suffices: a power cut may undo the last commits, rows and checkpoint together, and the table folds these
 * events again.
 */
export const openWriter = (file: string): Database.Database =>
  openDatabase(file, tableSchema, { synchronous: "NORMAL" });

/** Opens a file that does not exist yet, and removes it if that fails. */
export function openNewWriter(file: string): Database.Database {
  try {
    return openWriter(file);
  } catch (error) {
    removeFile(file);
    throw error;
  }
}

/**
 * Creates a generation's file, replacing leftovers of a crash. Returns its writer.
 * @param rows the statements that create the table of rows
 * @throws UnusableStoreError if the existing file is not a generation of ours
 */
export function createTableFile(file: string, rows: string, fields: Fields, origin: Origin): Database.Database {
  removeLeftover(file);
  const writer = openNewWriter(file);
  try {
    // Sync to disk: a durable record of the live generation must not point to a file that a power cut has emptied.
    writer.pragma("synchronous = FULL");
    writer
      .transaction(() => {
        writer.exec(rows);
        writer
          .prepare("INSERT INTO checkpoint VALUES (1, 0, 0, NULL, 0, NULL, ?, ?, ?)")
          .run(fieldsToText(fields), origin.definition, origin.requestId);
      })
      .immediate();
    writer.pragma("synchronous = NORMAL");
    return writer;
  } catch (error) {
    writer.close();
    removeFile(file);
    throw translate(file, error);
  }
}

/**
 * Removes the file that a crash left of a generation.
 * @throws UnusableStoreError if the file is not a generation's, for example a log
 */
export function removeLeftover(file: string): void {
  if (existsSync(file) && !isMarkedAsOurs(file)) openWriter(file).close();
  removeFile(file);
}

/**
 * Reads only the header, with `writable_schema`: a copy that was interrupted by a crash may contain no more. Reads it
 * through SQLite, since this process may have the file open (see `namedFile`).
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

export function removeFile(file: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
}

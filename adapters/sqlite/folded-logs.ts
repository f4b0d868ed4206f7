import { readdirSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import Database from "./driver.ts";
import { isSqliteError } from "./errors.ts";
import { isIdentityOf } from "./log-identity.ts";
import { tableSchema } from "./table-file.ts";

/** At most this many files of a folder are searched. */
const maxFiles = 1000;

export interface FoldedTable {
  file: string;
  /** The log's identity. */
  log: string;
  position: number;
}

/**
 * Finds a read table in the folder of `file` that was built from a log with this file name. Returns null if there is
 * none.
 */
export function tableFoldedFrom(file: string): FoldedTable | null {
  const folder = dirname(file);
  const generations = readdirSync(folder).filter((name) =>
    /^\.\d+$/.test(extname(name.slice(0, -extname(name).length))),
  );
  for (const name of generations.slice(0, maxFiles)) {
    const table = foldedTable(join(folder, name));
    if (table && isIdentityOf(file, table.log)) return table;
  }
  return null;
}

function foldedTable(file: string): FoldedTable | null {
  let db: Database.Database | undefined;
  try {
    // Not read-only: a read-only connection would leave a -wal behind.
    db = new Database(file, { fileMustExist: true, timeout: 0 });
    if (db.pragma("application_id", { simple: true }) !== tableSchema.applicationId) return null;
    const found = db.prepare("SELECT log, position FROM checkpoint").raw(true).get() as
      [string | null, number] | undefined;
    return found?.[0] ? { file, log: found[0], position: found[1] } : null;
  } catch (error) {
    // Damaged, locked, or the file of another program: not a readable trace.
    if (isSqliteError(error)) return null;
    throw error;
  } finally {
    db?.close();
  }
}

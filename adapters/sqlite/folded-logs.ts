import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "./driver.ts";
import { isSqliteError } from "./errors.ts";
import { isIdentityOf } from "./log-identity.ts";
import { namesIn } from "./names-in.ts";
import { generationOf, tableSchema } from "./table-file.ts";

/** At most this many tables of a folder are searched. */
const maxFolders = 1000;

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
  for (const generation of generationsBeside(file)) {
    const table = foldedTable(generation);
    if (table && isIdentityOf(file, table.log)) return table;
  }
  return null;
}

/** The files of generations in the folders beside this file. */
function generationsBeside(file: string): string[] {
  const folders = readdirSync(dirname(file), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(dirname(file), name))
    .slice(0, maxFolders);
  return folders.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => generationOf(name) !== null)
      .map((name) => join(folder, name)),
  );
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

import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Contents } from "./sample-engine.ts";

/** The content of a folder's files: the rows of each table of a database, and the lines of other files. */
export function contentsOfFiles(folder: string, isOmitted: (path: string) => boolean = () => false): Contents {
  const contents: Record<string, readonly unknown[]> = {};
  for (const path of globSync("**", { cwd: folder }).toSorted()) {
    const file = join(folder, path);
    if (isOmitted(path) || !statSync(file).isFile()) continue;
    if (!readFileSync(file, "latin1").startsWith("SQLite format 3")) contents[path] = linesOf(file);
    else for (const [table, rows] of tablesOf(file)) contents[`${path} ${table}`] = rows;
  }
  return contents;
}

const linesOf = (file: string) => readFileSync(file, "utf8").split("\n");

function tablesOf(file: string): [table: string, rows: unknown[]][] {
  const db = new Database(file, { readonly: true });
  try {
    const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all();
    const pragmas = ["application_id", "user_version"].map((name) => [name, db.pragma(name, { simple: true })]);
    const tables = (names as string[]).map((name): [string, unknown[]] => [
      name,
      db.prepare(`SELECT * FROM "${name}"`).all(),
    ]);
    return [["", [Object.fromEntries(pragmas)]], ...tables];
  } finally {
    db.close();
  }
}

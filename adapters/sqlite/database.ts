import { described } from "../../core/errors/problem.ts";
import "../../core/errors/node-version.ts";
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { InvalidQueryError, StoreUnavailableError, UnusableStoreError } from "../../core/errors/errors.ts";
import { privateFile, privateFolder } from "../../core/files/private-files.ts";
import { asPassing, asStoreError, openFilesProblem } from "../../core/errors/system-errors.ts";
import { addFunctions } from "./functions.ts";

/** The statements that bring a file from schema version i to i + 1. Only ever appended to. */
export interface Schema {
  /** SQLite's application_id: tells our files from those of other programs, and a log from a table. */
  applicationId: number;
  migrations: readonly string[];
}

export interface OpenOptions {
  synchronous: "FULL" | "NORMAL";
  readonly?: boolean;
}

/**
 * Opens (or creates) a file in WAL mode with our functions, and brings its schema up to date.
 * @throws UnusableStoreError: no database, another program's, from a newer version, damaged, cannot be opened.
 */
export function openDatabase(file: string, schema: Schema, options: OpenOptions): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = options.readonly ? new Database(file, { timeout: 0, readonly: true }) : connect(file);
    if (options.readonly) checkSchema(db, file, schema);
    else prepareFile(db, file, schema, options);
    addFunctions(db);
    return db;
  } catch (error) {
    db?.close();
    throw translate(file, error);
  }
}

/**
 * A connection to a file, which is created, with its folder, for the owner alone where it is not there. SQLite gives its
 * -wal, -shm and -journal the mode of the file.
 */
export function connect(file: string): Database.Database {
  mkdirSync(dirname(file), { recursive: true, mode: privateFolder });
  const isNew = !existsSync(file);
  // SQLite's own wait for another process's lock would hold the event loop: `busy.ts` waits instead.
  const db = new Database(file, { timeout: 0 });
  try {
    if (isNew) chmodSync(file, privateFile);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * The -wal keeps its largest size otherwise: it grows while a reader keeps a transaction open. The first commit after the
 * -wal was moved into the file cuts it to this.
 */
const maxWalBytes = 16 * 1024 * 1024;

function prepareFile(db: Database.Database, file: string, schema: Schema, options: OpenOptions): void {
  const version = checkSchema(db, file, schema);
  db.pragma("journal_mode = WAL");
  db.pragma(`journal_size_limit = ${maxWalBytes}`);
  db.pragma(`synchronous = ${options.synchronous}`);
  if (version === schema.migrations.length) return;
  db.transaction(() => {
    for (const migration of schema.migrations.slice(version)) db.exec(migration);
    db.pragma(`application_id = ${schema.applicationId}`);
    db.pragma(`user_version = ${schema.migrations.length}`);
  }).immediate();
}

function checkSchema(db: Database.Database, file: string, schema: Schema): number {
  const version = db.pragma("user_version", { simple: true }) as number;
  const owner = db.pragma("application_id", { simple: true }) as number;
  const tables = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() as number;
  if (owner !== schema.applicationId && (owner !== 0 || version !== 0 || tables > 0))
    throw new UnusableStoreError(
      file,
      `found a database of another program or purpose (application id ${owner}), expected one of ours (${schema.applicationId})`,
    );
  if (version > schema.migrations.length)
    throw new UnusableStoreError(
      file,
      `found schema version ${version}, expected at most ${schema.migrations.length}: it is from a newer version of moleculer-event-sourcing`,
    );
  return version;
}

/** By its name: the native part keeps the class of whoever loaded it first, which may be another copy than ours. */
export const isSqliteError = (error: unknown): error is Error & { code: string } =>
  (error as Error | null)?.name === "SqliteError";

/** The one place where SQLite's errors become ours; the driver's stays as `cause`. */
export function translate(file: string, error: unknown): unknown {
  if (!isSqliteError(error)) return asStoreError(file, error, "cannot be opened");
  const code = error.code.split("_").slice(0, 2).join("_");
  switch (code) {
    case "SQLITE_NOTADB":
      return new UnusableStoreError(
        file,
        "found a file that is no SQLite database: restore a log from a backup; delete a read table's file to fold it anew",
        error,
      );
    case "SQLITE_CORRUPT":
      return new UnusableStoreError(
        file,
        "the database is damaged: restore a log from a backup; rebuild a read table, or delete its file to fold it anew",
        error,
      );
    case "SQLITE_CANTOPEN":
      // SQLite keeps the system's error to itself.
      return asPassing(file, openFilesProblem(), "nothing was stored") ?? notWritable(file, error);
    case "SQLITE_READONLY":
    case "SQLITE_PERM":
      return notWritable(file, error);
    case "SQLITE_FULL":
      return new StoreUnavailableError(file, "the disk is full; nothing was stored", error);
    case "SQLITE_BUSY":
    case "SQLITE_LOCKED":
      return new StoreUnavailableError(file, "another process holds the file's lock; nothing was stored", error);
    case "SQLITE_NOMEM":
      return new StoreUnavailableError(file, "the process is out of memory; nothing was stored", error);
    case "SQLITE_IOERR":
      return new StoreUnavailableError(file, `the disk failed (${error.code}); nothing was stored`, error);
    default:
      return asQueryError(error);
  }
}

const notWritable = (file: string, error: Error & { code: string }) =>
  new UnusableStoreError(file, `cannot be opened for writing (${error.code})`, error);

/** SQLite's bounds on a statement's size are bounds on a query; any other error is answered as it is. */
export function asQueryError(error: unknown): unknown {
  if (
    !isSqliteError(error) ||
    !/expression tree is too large|too many SQL variables|parser stack|recursion limit/i.test(error.message)
  )
    return error;
  return new InvalidQueryError({ field: "query", found: described(error.message), expected: "fewer conditions" });
}

/** Keeps the statements of changing text (queries, rows of changing fields); the least recently used one goes first. */
export class Statements {
  readonly #db: Database.Database;
  readonly #bySql = new Map<string, Database.Statement<unknown[], unknown[]>>();

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /**
   * A prepared statement; one that answers rows answers them as arrays. Arrays of better-sqlite3, and what `map` makes of them, belong to the
   * realm that loaded it first (jest has a realm for each file): what leaves this adapter is made by `Array.from`.
   */
  prepare(sql: string): Database.Statement<unknown[], unknown[]> {
    const known = this.#bySql.get(sql);
    if (known) this.#bySql.delete(sql);
    const statement = known ?? (this.#db.prepare(sql) as Database.Statement<unknown[], unknown[]>);
    if (!known && statement.reader) statement.raw(true);
    this.#bySql.set(sql, statement);
    if (this.#bySql.size > 100) this.#bySql.delete(this.#bySql.keys().next().value!);
    return statement;
  }
}

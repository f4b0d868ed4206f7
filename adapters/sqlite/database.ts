import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "./driver.ts";
import { UnusableStoreError } from "../../core/errors/errors.ts";
import { writtenByNewer } from "../../core/errors/newer-version.ts";
import { privateFile, privateFolder } from "../../core/files/private-files.ts";
import { translate } from "./errors.ts";
import { addFunctions } from "./functions.ts";
import { unexpectedObject } from "./schema-objects.ts";

/**
 * `migrations[i]` upgrades a file from schema version i to i + 1. Existing entries never change: a spec compares their
 * hashes with `test/samples/migrations.json`.
 */
export interface Schema {
  /** SQLite's application_id: distinguishes our files from those of other programs, and logs from tables. */
  applicationId: number;
  migrations: readonly string[];
}

export interface OpenOptions {
  synchronous: "FULL" | "NORMAL";
  readonly?: boolean;
}

/**
 * Opens or creates a file in WAL mode, registers our SQL functions, and migrates its schema.
 * @throws UnusableStoreError if the file is no database, belongs to another program or a newer version, is damaged, or
 *   cannot be opened
 */
export function openDatabase(file: string, schema: Schema, options: OpenOptions): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = options.readonly ? new Database(file, { timeout: 0, readonly: true }) : connect(file);
    if (options.readonly) checkOwner(db, file, schema);
    else prepareFile(db, file, schema, options);
    addFunctions(db);
    return db;
  } catch (error) {
    db?.close();
    throw translate(file, error);
  }
}

/**
 * Opens a connection. Creates a missing file and its folder with permissions for the owner only; SQLite gives the -wal,
 * -shm and -journal the file's mode.
 */
export function connect(file: string): Database.Database {
  mkdirSync(dirname(file), { recursive: true, mode: privateFolder });
  const isNew = !existsSync(file);
  // SQLite's own busy wait would block the event loop. `busy.ts` waits instead.
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
 * The -wal grows while a reader keeps a transaction open. The first commit after a complete checkpoint truncates it to
 * this size.
 */
const maxWalBytes = 16 * 1024 * 1024;

function prepareFile(db: Database.Database, file: string, schema: Schema, options: OpenOptions): void {
  const version = checkOwner(db, file, schema);
  db.pragma("journal_mode = WAL");
  db.pragma(`journal_size_limit = ${maxWalBytes}`);
  db.pragma(`synchronous = ${options.synchronous}`);
  if (version === schema.migrations.length) return checkObjects(db, file, schema);
  db.transaction(() => {
    for (const migration of schema.migrations.slice(version)) db.exec(migration);
    db.pragma(`application_id = ${schema.applicationId}`);
    db.pragma(`user_version = ${schema.migrations.length}`);
  }).immediate();
}

/** @throws UnusableStoreError if the file lacks what the migrations make */
function checkObjects(db: Database.Database, file: string, schema: Schema): void {
  const problem = unexpectedObject(db, schema.migrations);
  if (problem !== null)
    throw new UnusableStoreError(
      file,
      `${problem}, expected what schema version ${schema.migrations.length} of this version of moleculer-event-sourcing has: the file was made by another build, or its schema was changed. Open it with the build that made it and copy it (npx moleculer-event-sourcing copy), or restore a backup; the file of a read table may be removed: the table is folded again`,
    );
}

function checkOwner(db: Database.Database, file: string, schema: Schema): number {
  // Counted first: a migration that another process commits meanwhile must not look like tables without a version.
  const tables = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() as number;
  const version = db.pragma("user_version", { simple: true }) as number;
  const owner = db.pragma("application_id", { simple: true }) as number;
  if (owner !== schema.applicationId && (owner !== 0 || version !== 0 || tables > 0))
    throw new UnusableStoreError(
      file,
      `found a database of another program or purpose (application id ${owner}), expected one of ours (${schema.applicationId})`,
    );
  if (version > schema.migrations.length)
    throw writtenByNewer(file, "schema version", version, `at most ${schema.migrations.length}`);
  if (version < 0 || (version === 0 && tables > 0))
    throw new UnusableStoreError(
      file,
      `found an unfinished schema (version ${version} with ${tables} tables and indexes), expected a version from 1 to ${schema.migrations.length}, or an empty file: the file was restored in part, or changed by hand. Restore a backup; the file of a read table may be removed: the table is folded again`,
    );
  return version;
}

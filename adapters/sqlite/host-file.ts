import "../../core/errors/node-version.ts";
import type Database from "better-sqlite3";
import { hostedElsewhere, UnusableStoreError } from "../../core/errors/errors.ts";
import { assertFormat, formats } from "../../core/log/stored-format.ts";
import { connect } from "./database.ts";
import { isSqliteError, translate } from "./errors.ts";
import { namedFile } from "./file-identity.ts";
import { assertOneSpelling } from "./spelling.ts";

/** What the host of a log records, so that the next host can check the files. */
export interface HostRecord {
  /** The log's identity. */
  identity?: string;
  /** The mark that each opening writes into the log's file. An older copy of the file has another mark. */
  opening?: string;
  /** Inode numbers of the log's file, its -wal, and the lock file itself. */
  inodes?: { database: string; wal: string; lock: string };
}

const applicationId = 0x65734c4b;

/** The last table is written at each opening, which takes the lock. */
const tables = `
  CREATE TABLE IF NOT EXISTS live (only INTEGER PRIMARY KEY CHECK (only = 1), generation INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS notes (only INTEGER PRIMARY KEY CHECK (only = 1), notes TEXT NOT NULL) STRICT;
  INSERT INTO live VALUES (1, 0) ON CONFLICT DO UPDATE SET generation = generation;`;

/**
 * A small database that holds an exclusive lock while it is open, so that only one process hosts a log or a table. The
 * operating system releases the lock when the process dies: no host waits for it, and nothing needs cleaning up. It
 * also stores, in atomic writes, a table's live generation or the records of a log's host.
 */
export class HostFile {
  readonly path: string;
  /** The file did not exist before. */
  readonly isNew: boolean;
  readonly #db: Database.Database;

  /**
   * @throws UnusableStoreError if another process, or another host in this process, holds the lock, or the folder has a
   * name that differs by case alone
   */
  constructor(file: string, hosted: string) {
    this.path = file;
    for (const path of new Set([hosted, file])) assertOneSpelling(path);
    let db: Database.Database | undefined;
    try {
      this.isNew = namedFile(file) === null;
      db = connect(file);
      // Not WAL: in exclusive mode with a rollback journal, the lock that a write takes is kept across commits.
      db.pragma("locking_mode = EXCLUSIVE");
      db.pragma("synchronous = FULL");
      const owner = db.pragma("application_id", { simple: true }) as number;
      const count = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() as number;
      if (owner !== applicationId && (owner !== 0 || count > 0))
        throw new UnusableStoreError(
          file,
          `found a database of another program or purpose (application id ${owner}), expected one of ours (${applicationId})`,
        );
      if (owner === applicationId) assertFormat(file, "hostFile", db.pragma("user_version", { simple: true }));
      const opened = db;
      opened
        .transaction(() => {
          opened.pragma(`application_id = ${applicationId}`);
          opened.pragma(`user_version = ${formats.hostFile}`);
          opened.exec(tables);
        })
        .immediate();
      this.#db = db;
    } catch (error) {
      db?.close();
      if (isSqliteError(error) && error.code.startsWith("SQLITE_BUSY"))
        throw new UnusableStoreError(hosted, hostedElsewhere, error);
      throw translate(file, error);
    }
  }

  get generation(): number {
    return this.#db.prepare("SELECT generation FROM live").pluck().get() as number;
  }

  set generation(generation: number) {
    try {
      this.#db.prepare("UPDATE live SET generation = ?").run(generation);
    } catch (error) {
      throw translate(this.path, error);
    }
  }

  get record(): HostRecord {
    const record = this.#db.prepare("SELECT notes FROM notes").pluck().get() as string | undefined;
    return record === undefined ? {} : (JSON.parse(record) as HostRecord);
  }

  set record(record: HostRecord) {
    const save = "INSERT INTO notes VALUES (1, ?) ON CONFLICT DO UPDATE SET notes = excluded.notes";
    try {
      this.#db.prepare(save).run(JSON.stringify(record));
    } catch (error) {
      throw translate(this.path, error);
    }
  }

  close(): void {
    this.#db.close();
  }
}

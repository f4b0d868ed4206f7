import "../../core/errors/node-version.ts";
import type Database from "better-sqlite3";
import { hostedElsewhere, UnusableStoreError } from "../../core/errors/errors.ts";
import { connect } from "./database.ts";
import { isSqliteError, translate } from "./errors.ts";
import { namedFile } from "./file-identity.ts";

/** What the host of a log notes, so that the next one knows what has to be there. */
export interface HostNotes {
  /** The log's. */
  identity?: string;
  /** Written into the log's file at each opening: an older copy of the file has another one. */
  opening?: string;
  /** Numbers of inodes: of the log's file, its -wal, and the lock file itself. */
  inodes?: { database: string; wal: string; lock: string };
}

const applicationId = 0x65734c4b;

/** The last one writes at each opening: that takes the lock. */
const tables = `
  CREATE TABLE IF NOT EXISTS live (only INTEGER PRIMARY KEY CHECK (only = 1), generation INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS notes (only INTEGER PRIMARY KEY CHECK (only = 1), notes TEXT NOT NULL) STRICT;
  INSERT INTO live VALUES (1, 0) ON CONFLICT DO UPDATE SET generation = generation;`;

/**
 * A small database held under an exclusive lock for as long as it is open, so that one process hosts a log or a table.
 * The operating system drops the lock with the process: after a kill nobody waits and nothing has to be cleaned up.
 * It also remembers, changed atomically, the live generation of a table, or the notes of a log's host.
 */
export class HostFile {
  readonly path: string;
  /** There was no file before. */
  readonly isNew: boolean;
  readonly #db: Database.Database;

  /** @throws UnusableStoreError where another process (or another host in this one) has it. */
  constructor(file: string, hosted: string) {
    this.path = file;
    let db: Database.Database | undefined;
    try {
      this.isNew = namedFile(file) === null;
      db = connect(file);
      // Not WAL: in this mode the lock, once taken by a write, is kept across commits.
      db.pragma("locking_mode = EXCLUSIVE");
      db.pragma("synchronous = FULL");
      const owner = db.pragma("application_id", { simple: true }) as number;
      const count = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() as number;
      if (owner !== applicationId && (owner !== 0 || count > 0))
        throw new UnusableStoreError(
          file,
          `found a database of another program or purpose (application id ${owner}), expected one of ours (${applicationId})`,
        );
      const opened = db;
      opened
        .transaction(() => {
          opened.pragma(`application_id = ${applicationId}`);
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

  get notes(): HostNotes {
    const notes = this.#db.prepare("SELECT notes FROM notes").pluck().get() as string | undefined;
    return notes === undefined ? {} : (JSON.parse(notes) as HostNotes);
  }

  set notes(notes: HostNotes) {
    const save = "INSERT INTO notes VALUES (1, ?) ON CONFLICT DO UPDATE SET notes = excluded.notes";
    try {
      this.#db.prepare(save).run(JSON.stringify(notes));
    } catch (error) {
      throw translate(this.path, error);
    }
  }

  close(): void {
    this.#db.close();
  }
}

import "../../core/node-version.ts";
import Database from "better-sqlite3";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { hostedElsewhere, UnusableStoreError } from "../../core/errors.ts";
import { isSqliteError, translate } from "./database.ts";

const applicationId = 0x65734c4b;

/**
 * A small database held under an exclusive lock for as long as it is open, so that one process hosts a log or a table.
 * The operating system drops the lock with the process: after a kill nobody waits and nothing has to be cleaned up.
 * It also remembers one number, changed atomically: the live generation of a table.
 */
export class HostFile {
  readonly #db: Database.Database;
  readonly #file: string;

  /** @throws UnusableStoreError where another process (or another host in this one) has it. */
  constructor(file: string, hosted: string) {
    this.#file = file;
    let db: Database.Database | undefined;
    try {
      mkdirSync(dirname(file), { recursive: true });
      db = new Database(file, { timeout: 0 });
      // Not WAL: in this mode the lock, once taken by a write, is kept across commits.
      db.pragma("locking_mode = EXCLUSIVE");
      db.pragma("synchronous = FULL");
      const owner = db.pragma("application_id", { simple: true }) as number;
      const tables = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() as number;
      if (owner !== applicationId && (owner !== 0 || tables > 0))
        throw new UnusableStoreError(
          file,
          `found a database of another program or purpose (application id ${owner}), expected one of ours (${applicationId})`,
        );
      db.pragma(`application_id = ${applicationId}`);
      db.exec(
        "CREATE TABLE IF NOT EXISTS live (only INTEGER PRIMARY KEY CHECK (only = 1), generation INTEGER NOT NULL) STRICT",
      );
      db.exec("INSERT INTO live VALUES (1, 0) ON CONFLICT DO UPDATE SET generation = generation");
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
      throw translate(this.#file, error);
    }
  }

  close(): void {
    this.#db.close();
  }
}

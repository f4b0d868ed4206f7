import type { LogBackup } from "../../core/log/event-log.ts";
import { StoreUnavailableError, UnusableStoreError } from "../../core/errors/errors.ts";
import { asFileError, NewFile } from "../../core/files/new-file.ts";
import { BulkWork } from "./bulk-work.ts";
import { isSqliteError, translate } from "./errors.ts";
import { logSchema } from "./event-schema.ts";
import type { LogFile } from "./log-file.ts";
import { forgetSession } from "./session.ts";

/** SQLite's default, in pages. */
const autocheckpoint = 1000;

/** Copies an open log into a new file and verifies the copy in a worker thread, while the host continues to append. */
export class Backup {
  readonly #work = new BulkWork();
  readonly #file: string;
  readonly #log: LogFile;
  #isAborted = false;
  #running: Promise<LogBackup> | null = null;

  constructor(file: string, log: LogFile) {
    this.#file = file;
    this.#log = log;
  }

  run(to: string, onProgress?: (done: number, total: number) => void): Promise<LogBackup> {
    this.#running = this.#run(to, onProgress);
    return this.#running;
  }

  /** Waits for the running statement, then removes the copy. */
  async abort(): Promise<void> {
    this.#isAborted = true;
    await this.#work.close();
    await this.#running?.catch(() => {});
  }

  async #run(to: string, onProgress?: (done: number, total: number) => void): Promise<LogBackup> {
    try {
      const copy = await NewFile.at("to", to);
      try {
        const bytes = await this.#copy(copy.temporary, onProgress);
        await this.#work.run("change", copy.temporary, forgetSession);
        const position = await this.#verify(copy.temporary, copy.path);
        await copy.place();
        return { position, bytes };
      } catch (error) {
        await copy.discard();
        throw this.#asOurs(copy.path, error);
      }
    } finally {
      await this.#work.close();
    }
  }

  async #copy(to: string, onProgress?: (done: number, total: number) => void): Promise<number> {
    const { db } = this.#log;
    // The copy's snapshot blocks checkpoints, so the -wal grows. Without this, one append would checkpoint all of it.
    db.pragma("wal_autocheckpoint = 0");
    try {
      return await this.#work.vacuumInto(this.#file, to, onProgress && (({ done, total }) => onProgress(done, total)));
    } finally {
      await this.#work.run("checkpoint", this.#file).catch(() => {
        // Then the appends checkpoint, as they do without a backup.
      });
      if (db.open) db.pragma(`wal_autocheckpoint = ${autocheckpoint}`);
    }
  }

  /**
   * Returns the position of the copy's last event.
   * @param path the final path of the copy, for messages
   */
  async #verify(copy: string, path: string): Promise<number> {
    const ask = async (sql: string) => (await this.#work.run("query", copy, sql))[0] ?? [];
    const expect = (what: string, found: unknown, expected: unknown) => {
      if (found !== expected)
        throw new UnusableStoreError(path, `the copy's ${what}: found ${String(found)}, expected ${String(expected)}`);
    };
    expect("integrity", (await ask("PRAGMA integrity_check"))[0], "ok");
    expect("application id", (await ask("PRAGMA application_id"))[0], logSchema.applicationId);
    expect("schema version", (await ask("PRAGMA user_version"))[0], logSchema.migrations.length);
    expect("identity", (await ask("SELECT value FROM about WHERE key = 'identity'"))[0], this.#log.identity);
    const [count, first, last] = await ask("SELECT count(*), ifnull(min(position), 1), max(position) FROM events");
    const position = (last ?? 0) as number;
    expect("first position", first, 1);
    expect("number of events", count, position);
    const gaps = "SELECT stream FROM events GROUP BY stream HAVING min(version) <> 1 OR max(version) <> count(*)";
    expect("first stream whose versions have a gap", (await ask(`${gaps} LIMIT 1`))[0], undefined);
    return position;
  }

  #asOurs(to: string, error: unknown): unknown {
    if (this.#isAborted)
      return new StoreUnavailableError(this.#file, "the event log was closed during the backup; its copy was removed");
    return isSqliteError(error) ? translate(to, error) : asFileError("to", to, "a path that can be written", error);
  }
}

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

/** One copy of an open log into a new file, made and verified in a thread while the host goes on appending. */
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

  /** Waits for the statement that is running; then nothing of the copy is left. */
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
    // The copy's snapshot holds up every checkpoint: the -wal grows, and one append would pay for all of it at the end.
    db.pragma("wal_autocheckpoint = 0");
    try {
      return await this.#work.vacuumInto(this.#file, to, onProgress && (({ done, total }) => onProgress(done, total)));
    } finally {
      await this.#work.run("checkpoint", this.#file).catch(() => {
        // Left to the appends, as without a backup.
      });
      if (db.open) db.pragma(`wal_autocheckpoint = ${autocheckpoint}`);
    }
  }

  /** Answers the position of its last event. `path` is how it will be called. */
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
      return new StoreUnavailableError(this.#file, "the event log was closed during the backup; nothing is left of it");
    return isSqliteError(error) ? translate(to, error) : asFileError("to", to, "a path that can be written", error);
  }
}

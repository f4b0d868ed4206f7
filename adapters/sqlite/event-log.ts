import { existsSync, realpathSync } from "node:fs";
import type Database from "better-sqlite3";
import type { AppendRequest } from "../../core/log/append-request.ts";
import { MissingLogError, StoreUnavailableError } from "../../core/errors/errors.ts";
import type {
  AppendVerdict,
  EventLog,
  EventType,
  LogBackup,
  LogCapabilities,
  OpenOptions,
  Page,
  ReadOptions,
  ReadStreamOptions,
  StreamRange,
  StreamSummary,
} from "../../core/log/event-log.ts";
import { guardedParts } from "../../core/log/log-parts.ts";
import type { Query } from "../../core/query/query.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { Backup } from "./log-backup.ts";
import { beginLog } from "./begin.ts";
import { whenFree, Writes } from "./busy.ts";
import { openDatabase } from "./database.ts";
import { translate } from "./errors.ts";
import { logSchema } from "./event-schema.ts";
import { namedFile } from "./file-identity.ts";
import { HostFile } from "./host-file.ts";
import { LogFile } from "./log-file.ts";
import { newIdentity } from "./log-identity.ts";
import { OpenFiles } from "./open-files.ts";
import { beginSession } from "./session.ts";
import { StoredHead } from "./stored-head.ts";
import { findLog } from "./find-log.ts";

const remedy = "Stop this node, put the files back or restore a backup, and start it again";

export interface SqliteLogOptions {
  /**
   * `power` (the default) syncs each commit to the disk (SQLite's `synchronous=FULL`): acknowledged events survive a
   * power cut. `process` does not: a power cut may lose the last acknowledged events, but never reorders or damages the
   * rest. If only the process dies, neither loses events. `process` is several times faster for a single caller.
   */
  durability?: "power" | "process";
  /**
   * `"anew"` starts an empty log even if traces of a lost one exist (a `-wal`, a lock file, tables built from it).
   * Without it, such a start throws. It has no effect on an existing log. Meant for one start.
   */
  begin?: "anew";
}

/**
 * An event log in one file, hosted by one process. Each commit is one synchronous step, so no call sees a partial
 * commit. Writes run in call order, even if one of them waits for a lock of another process.
 */
export class SqliteEventLog implements EventLog {
  readonly engine = "sqlite";
  readonly location: string;
  readonly capabilities: LogCapabilities;
  readonly #parts = guardedParts((call, access) =>
    access === "read" ? this.#read(({ parts }) => call(parts)) : this.#write(({ parts }) => call(parts)),
  );
  readonly control = this.#parts.control;
  readonly claims = this.#parts.claims;
  readonly links = this.#parts.links;
  readonly #file: string;
  readonly #durability: "power" | "process";
  readonly #ignoresTraces: boolean;
  #open: LogFile | null = null;
  #storedHead: StoredHead | null = null;
  #backup: Backup | null = null;
  readonly #writes = new Writes();

  constructor(file: string, options: SqliteLogOptions = {}) {
    this.#file = file;
    this.location = file;
    this.#durability = options.durability ?? "power";
    this.#ignoresTraces = options.begin === "anew";
    this.capabilities = {
      durability: this.#durability,
      hosts: "one",
      backup: true,
    };
  }

  async open({ identity, create = true }: OpenOptions = {}): Promise<void> {
    if (this.#open) return;
    if (!create && !existsSync(this.#file)) throw new MissingLogError(this.#file);
    // Resolve symbolic links, so that every path to the file uses the same lock.
    const real = existsSync(this.#file) ? realpathSync(this.#file) : this.#file;
    const host = new HostFile(`${real}.lock`, this.#file);
    try {
      this.#open = await whenFree(() => {
        if (!findLog(real, host)) beginLog(real, host, { create, ignoresTraces: this.#ignoresTraces });
        return this.#openFile(real, identity ?? newIdentity(real), host);
      });
    } catch (error) {
      host.close();
      throw translate(this.#file, error);
    }
  }

  #openFile(real: string, identity: string, host: HostFile): LogFile {
    const before = namedFile(real)?.id ?? null;
    let db: Database.Database | undefined;
    try {
      db = openDatabase(this.#file, logSchema, { synchronous: this.#durability === "power" ? "FULL" : "NORMAL" });
      db.prepare("INSERT INTO about VALUES ('identity', ?) ON CONFLICT DO NOTHING").run(identity);
      beginSession(db, real, host);
      const paths = { database: real, named: this.#file, lock: host.path };
      const log = new LogFile(db, host, new OpenFiles(paths, before, remedy));
      // Without a sync at each commit, a power cut may leave a log that ends before the recorded head.
      if (this.#durability === "power") this.#storedHead = new StoredHead(db, real, log.head);
      return log;
    } catch (error) {
      db?.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    if (!open) return;
    await this.#backup?.abort();
    await open.close();
    this.#storedHead?.close();
    this.#storedHead = null;
    open.host.close();
  }

  /** The open file, if its path still names it. @throws StoreUnavailableError, MovedFilesError */
  #checked(): LogFile {
    if (!this.#open) throw new StoreUnavailableError(this.#file, "the event log is not open");
    this.#open.files.check();
    return this.#open;
  }

  async #read<Answer>(work: (open: LogFile) => Answer | Promise<Answer>): Promise<Answer> {
    const open = this.#open;
    try {
      return await whenFree(() => work(this.#checked()));
    } catch (error) {
      // A long read that continues after the file was closed gets the driver's own error.
      throw this.#open === open
        ? translate(this.#file, error)
        : new StoreUnavailableError(this.#file, "it was closed", error);
    }
  }

  async #write<Answer>(work: (open: LogFile) => Answer): Promise<Answer> {
    try {
      return await this.#writes.run(() => {
        const log = this.#checked();
        const answer = work(log);
        // Check again before returning: the caller takes the returned value as an acknowledgement.
        log.files.check();
        return answer;
      });
    } catch (error) {
      throw translate(this.#file, error);
    }
  }

  async identity(): Promise<string> {
    return this.#checked().identity;
  }

  async append(requests: readonly AppendRequest[]): Promise<AppendVerdict[]> {
    const { verdicts, head } = await this.#write((open) => {
      const verdicts = open.transact(() => open.decide(requests));
      return { verdicts, head: open.head };
    });
    this.#storedHead?.record(head);
    return verdicts;
  }

  async head(): Promise<number> {
    return this.#checked().head;
  }

  read(options: ReadOptions): Promise<Page> {
    return this.#read((open) => open.read(options));
  }

  readStream(stream: string, options: ReadStreamOptions): Promise<RecordedEvent[]> {
    return this.#read(({ queries }) => queries.readStream(stream, options));
  }

  find(query: Query): Promise<RecordedEvent[]> {
    return this.#read(({ queries }) => queries.find(query));
  }

  count(query: Query): Promise<number> {
    return this.#read(({ queries }) => queries.count(query));
  }

  findByIds(ids: readonly string[]): Promise<RecordedEvent[]> {
    return this.#read(({ queries }) => queries.findByIds(ids));
  }

  streams(range: StreamRange): Promise<StreamSummary[]> {
    return this.#read(({ queries }) => queries.streams(range));
  }

  types(limit: number): Promise<EventType[]> {
    return this.#read(({ types, head }) => types.list(head, limit));
  }

  async backup(to: string, onProgress?: (done: number, total: number) => void): Promise<LogBackup> {
    if (this.#backup)
      throw new StoreUnavailableError(this.#file, "found a running backup, expected at most one at a time");
    const backup = new Backup(this.#file, this.#checked());
    this.#backup = backup;
    return backup.run(to, onProgress).finally(() => {
      this.#backup = null;
    });
  }
}

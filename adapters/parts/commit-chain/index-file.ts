import { rmSync } from "node:fs";
import type Database from "better-sqlite3";
import { UnusableStoreError } from "../../../core/errors/errors.ts";
import { isBusy, whenFree } from "../../sqlite/busy.ts";
import { openDatabase, type Schema } from "../../sqlite/database.ts";
import { isSqliteError, translate } from "../../sqlite/errors.ts";
import { logSchema } from "../../sqlite/event-schema.ts";
import { HostFile } from "../../sqlite/host-file.ts";
import { LogFile } from "../../sqlite/log-file.ts";
import { MovedFilesError, OpenFiles } from "../../sqlite/open-files.ts";
import { Committers } from "./committers.ts";
import { commitIdOf, Commits, type Change } from "./record.ts";

/** A log's file with the place in the chain up to which it was made. The first migration is for ever: those of the log follow. */
export const indexSchema: Schema = {
  applicationId: 0x65734c49,
  migrations: [
    `CREATE TABLE chain (only INTEGER PRIMARY KEY CHECK (only = 1), number INTEGER NOT NULL, record TEXT NOT NULL, last TEXT NOT NULL) STRICT;
     INSERT INTO chain VALUES (1, 0, '', '');`,
    ...logSchema.migrations,
  ],
};

/** More processes of one machine than this on one chain have to name a file each. */
const maxFiles = 100;

/** Up to where the chain is in the index. */
interface End {
  number: number;
  /** The commit that the record with this number belongs to. */
  record: string;
  /** The last whole commit. */
  commit: string;
}

/**
 * What a host makes of a chain to answer from: a log's file in which every record up to one is folded. It may be deleted
 * as long as the chain is there; of a chain that a server has lost, it is a copy of all events and links.
 */
export class IndexFile {
  readonly #wantedPath: string;
  #path: string;
  #host: HostFile;
  #log: LogFile;
  #end: End;
  #save: Database.Statement;
  /** Of the commits that were folded last. */
  readonly committers = new Committers();
  #commits = new Commits();
  /** The last record that was looked at: beyond the end where the rest of a commit is still to come. */
  #seen: number;

  private constructor(wantedPath: string, path: string, host: HostFile) {
    this.#wantedPath = wantedPath;
    this.#path = path;
    this.#host = host;
    [this.#log, this.#end, this.#save] = this.#open("");
    this.#seen = this.#end.number;
  }

  /** The file at `path`, or while another process has it, one beside it. One that is damaged is made anew. */
  static open(path: string): IndexFile {
    const [file, host] = freeFile(path);
    try {
      return new IndexFile(path, file, host);
    } catch (error) {
      host.close();
      throw translate(file, error);
    }
  }

  get path(): string {
    return this.#path;
  }

  get log(): LogFile {
    return this.#log;
  }

  /** Of the log; empty in a file that was just made. */
  get identity(): string {
    return this.#log.identity;
  }

  get seen(): number {
    return this.#seen;
  }

  get end(): Readonly<End> {
    return this.#end;
  }

  /** Takes up the records after the last one that it has seen. If that fails, it is as it was up to `end`. */
  fold(records: readonly string[]): void {
    if (records.length === 0) return;
    let { number, record, commit } = this.#end;
    let seen = this.#seen;
    const nodes: string[] = [];
    this.#log.files.check();
    try {
      this.#log.transact(() => {
        for (const text of records) {
          seen++;
          const found = this.#commits.next(text);
          if (found && found.after !== commit)
            throw new UnusableStoreError(
              this.path,
              `record ${seen} of the chain follows commit "${found.after}", expected "${commit}": the chain is not the one that it was`,
            );
          if (found) this.#apply(found.change);
          if (found) commit = found.id;
          if (found?.by !== undefined) nodes.push(found.by);
          if (this.#commits.isAmidst) continue;
          [number, record] = [seen, commitIdOf(text)];
        }
        this.#save.run(number, record, commit);
      });
    } catch (error) {
      // Without the lock nothing was begun, and the same records can be folded again.
      if (isBusy(error)) throw error;
      this.#commits = new Commits();
      this.#seen = this.#end.number;
      throw error;
    }
    this.#end = { number, record, commit };
    this.#seen = seen;
    this.committers.note(nodes, performance.now());
  }

  /** Makes it that of a log, where it has just been made and is of none. */
  name(identity: string): void {
    this.#log.db.prepare("UPDATE about SET value = ? WHERE key = 'identity'").run(identity);
    this.#log.identity = identity;
  }

  /** Deletes it and begins an empty one of that log, beside it where another process has the place by now. */
  async rebuild(identity = this.identity): Promise<void> {
    await this.#log.close();
    this.#host.close();
    [this.#path, this.#host] = freeFile(this.#wantedPath);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(this.path + suffix, { force: true });
    [this.#log, this.#end, this.#save] = await whenFree(() => this.#open(identity));
    this.#commits = new Commits();
    this.#seen = this.#end.number;
  }

  async close(): Promise<void> {
    await this.#log.close();
    this.#host.close();
  }

  #open(identity: string): [LogFile, End, Database.Statement] {
    for (let isNew = false; ; isNew = true) {
      let db: Database.Database | undefined;
      try {
        db = openDatabase(this.path, indexSchema, { synchronous: "NORMAL" });
        db.prepare("INSERT INTO about VALUES ('identity', ?) ON CONFLICT DO NOTHING").run(identity);
        const files = new OpenFiles(
          { database: this.path, lock: this.#host.path },
          null,
          "It is made again from the chain",
        );
        const log = new LogFile(db, this.#host, files);
        const end = db.prepare<[], End>('SELECT number, record, last AS "commit" FROM chain').get();
        const save = db.prepare("UPDATE chain SET number = ?, record = ?, last = ?");
        if (end) return [log, end, save];
        db.close();
        if (isNew) throw new UnusableStoreError(this.path, "the index cannot be made anew");
      } catch (error) {
        db?.close();
        if (isNew || !isDamage(error)) throw error;
      }
      for (const suffix of ["", "-wal", "-shm"]) rmSync(this.path + suffix, { force: true });
    }
  }

  #apply(change: Change): void {
    const { log } = this;
    if ("appends" in change)
      for (const { stream, version, events, claims } of change.appends) {
        const first = log.head + 1;
        for (const [index, { id, type, time, payloadText, metaText }] of events.entries())
          log.insert([id, type, version + index, stream, time, payloadText, metaText]);
        log.claims.stored({ stream, events, ...(claims && { claims }) }, first);
      }
    else if ("link" in change) log.links.add(change.link.stream, change.link.ids);
    else if ("beginClaims" in change) {
      const { scope, definition, types } = change.beginClaims;
      log.claims.begin(scope, definition, types, log.head);
    } else if ("foldClaims" in change) log.claims.fold(change.foldClaims);
  }
}

/** The lock tells whose a file is: the operating system drops it with the process. */
function freeFile(path: string): [string, HostFile] {
  for (let number = 1; ; number++) {
    const file = number === 1 ? path : path.replace(/(\.db)?$/, `.${number}$1`);
    try {
      return [file, new HostFile(`${file}.lock`, file)];
    } catch (error) {
      const { cause } = error as Error;
      if (number === maxFiles || !isSqliteError(cause) || !cause.code.startsWith("SQLITE_BUSY")) throw error;
    }
  }
}

/** The file says something that cannot be, or was removed, in contrast to one that cannot be opened, or is not ours. */
export function isDamage(error: unknown): boolean {
  if (error instanceof MovedFilesError) return true;
  const cause = isSqliteError(error) ? error : (error as Error | null)?.cause;
  return isSqliteError(cause) && /^SQLITE_(NOTADB|CORRUPT)/.test(cause.code);
}

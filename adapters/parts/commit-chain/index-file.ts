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

/** A log's file, and how far it has folded the chain. The first migration never changes: the log's follow it. */
export const indexSchema: Schema = {
  applicationId: 0x65734c49,
  migrations: [
    `CREATE TABLE chain (only INTEGER PRIMARY KEY CHECK (only = 1), number INTEGER NOT NULL, record TEXT NOT NULL, last TEXT NOT NULL) STRICT;
     INSERT INTO chain VALUES (1, 0, '', '');`,
    ...logSchema.migrations,
  ],
};

/** The most numbered files for one chain; more processes of a machine need a path each. */
const maxFiles = 100;

/** How far the index has folded the chain. */
interface End {
  number: number;
  /** The commit of the record with this number. */
  record: string;
  /** The last complete commit. */
  commit: string;
}

/**
 * A host's index of a chain: an SQLite log file into which the records are folded, for queries. It may be deleted as
 * long as the chain exists. If a server has lost the chain, the index is a copy of all its events and links.
 */
export class IndexFile {
  /** The location of the chain, for errors. */
  readonly #chain: string;
  readonly #wantedPath: string;
  #path: string;
  #host: HostFile;
  #log: LogFile;
  #end: End;
  #save: Database.Statement;
  /** The nodes of the last folded commits. */
  readonly committers = new Committers();
  #commits: Commits;
  /** The last record that was folded. Higher than `end.number` if the rest of a commit is still missing. */
  #seen: number;

  private constructor(wantedPath: string, path: string, host: HostFile, chain: string) {
    this.#chain = chain;
    this.#commits = new Commits(chain);
    this.#wantedPath = wantedPath;
    this.#path = path;
    this.#host = host;
    [this.#log, this.#end, this.#save] = this.#open("");
    this.#seen = this.#end.number;
  }

  /**
   * Opens the file at `path`, or a numbered one beside it if another process has it open. Replaces a damaged file.
   * @param chain the location of the chain, for errors
   */
  static open(path: string, chain: string): IndexFile {
    const [file, host] = freeFile(path);
    try {
      return new IndexFile(path, file, host, chain);
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

  /** The identity of the log; empty in a new file. */
  get identity(): string {
    return this.#log.identity;
  }

  get seen(): number {
    return this.#seen;
  }

  get end(): Readonly<End> {
    return this.#end;
  }

  /**
   * Folds the records after `seen`. After an error the index is as of `end`.
   * @throws UnusableStoreError if a newer version has written one of them: then no record is added after it
   */
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
          const found = this.#commits.next(seen, text);
          if (found && found.after !== commit)
            throw new UnusableStoreError(
              this.path,
              `record ${seen} of the chain follows commit "${found.after}", expected "${commit}": it is a different chain`,
            );
          if (found) this.#apply(found.change);
          if (found) commit = found.id;
          if (found?.by !== undefined) nodes.push(found.by);
          if (this.#commits.isIncomplete) continue;
          [number, record] = [seen, commitIdOf(text)];
        }
        this.#save.run(number, record, commit);
      });
    } catch (error) {
      // The transaction did not begin, so the same records can be folded again.
      if (isBusy(error)) throw error;
      this.#commits = new Commits(this.#chain);
      this.#seen = this.#end.number;
      throw error;
    }
    this.#end = { number, record, commit };
    this.#seen = seen;
    this.committers.record(nodes, performance.now());
  }

  /** Sets the identity of a new file. */
  name(identity: string): void {
    this.#log.db.prepare("UPDATE about SET value = ? WHERE key = 'identity'").run(identity);
    this.#log.identity = identity;
  }

  /** Deletes the file and creates an empty one, at another number if another process has taken the path meanwhile. */
  async rebuild(identity = this.identity): Promise<void> {
    await this.#log.close();
    this.#host.close();
    [this.#path, this.#host] = freeFile(this.#wantedPath);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(this.path + suffix, { force: true });
    [this.#log, this.#end, this.#save] = await whenFree(() => this.#open(identity));
    this.#commits = new Commits(this.#chain);
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
          "It is rebuilt from the chain",
        );
        const log = new LogFile(db, this.#host, files);
        const end = db.prepare<[], End>('SELECT number, record, last AS "commit" FROM chain').get();
        const save = db.prepare("UPDATE chain SET number = ?, record = ?, last = ?");
        if (end) return [log, end, save];
        db.close();
        if (isNew) throw new UnusableStoreError(this.path, "the index cannot be created again");
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
      const { types, now, ...name } = change.beginClaims;
      log.claims.begin(name, types, { head: log.head, now });
    } else if ("foldClaims" in change) log.claims.fold(change.foldClaims);
  }
}

/** The first file that no other process has locked. The operating system releases a lock when its process ends. */
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

/**
 * True if the file is corrupt, or was moved or removed; false for a file that cannot be opened or has another format.
 */
export function isDamage(error: unknown): boolean {
  if (error instanceof MovedFilesError) return true;
  const cause = isSqliteError(error) ? error : (error as Error | null)?.cause;
  return isSqliteError(cause) && /^SQLITE_(NOTADB|CORRUPT)/.test(cause.code);
}

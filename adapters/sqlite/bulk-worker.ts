/**
 * The worker thread of `bulk-work.ts`. It imports none of our modules: each thread loads its modules again, and loading
 * Moleculer alone takes longer than most of these tasks.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import Database from "./driver.ts";
import type { driverLoaded } from "./driver-thread.ts";

/** An error as it is sent from the thread, with the fields that `translate` needs. */
export interface BulkFailure {
  name: string;
  message: string;
  code?: string;
}

export type BulkAnswer = { answer: unknown } | { failure: BulkFailure };

/** Chunk size for reading files. */
const chunkBytes = 1024 * 1024;
/** Without a limit, a busy writer would keep the checkpoint task running for ever. */
const maxCheckpoints = 10;
/** SQLite's default: at this size a commit of the host runs a checkpoint itself. */
const pagesPerCheckpoint = 1000;

function withDatabase<Answer>(file: string, readonly: boolean, work: (db: Database.Database) => Answer): Answer {
  const db = new Database(file, { readonly, fileMustExist: true, timeout: 5000 });
  try {
    return work(db);
  } finally {
    db.close();
  }
}

const tasks = {
  /** Copies a consistent snapshot of `file` into a single new file without a `-wal`. Returns its size in bytes. */
  vacuumInto(file: string, to: string): number {
    // SQLite would create the file readable for all users, but it accepts an existing empty file.
    closeSync(openSync(to, "a", 0o600));
    withDatabase(file, true, (db) => db.prepare("VACUUM INTO ?").run(to));
    return statSync(to).size;
  },

  /** Returns a statement's rows as arrays. The file is opened read-only. */
  query(file: string, sql: string, values: readonly unknown[] = []): unknown[][] {
    return withDatabase(file, true, (db) => {
      return db
        .prepare(sql)
        .raw(true)
        .all(...values) as unknown[][];
    });
  },

  /** Changes a file that no other connection has open. */
  change(file: string, sql: string): void {
    withDatabase(file, false, (db) => db.exec(sql));
  },

  /**
   * Runs statements in one transaction of a file that no other connection has open and that is removed if they fail.
   * They read the database in `from` as `source`.
   */
  fill(file: string, from: string, sql: string): void {
    withDatabase(file, false, (db) => {
      db.pragma("journal_mode = MEMORY");
      db.pragma("synchronous = OFF");
      db.prepare("ATTACH ? AS source").run(from);
      db.transaction(() => db.exec(sql))();
    });
  },

  /** SHA-256 in hexadecimal: of the file's bytes or, if a statement is given, of its rows as JSON lines. */
  hash(file: string, sql?: string): string {
    const hash = createHash("sha256");
    if (sql !== undefined)
      withDatabase(file, true, (db) => {
        for (const row of db.prepare(sql).raw(true).iterate()) hash.update(`${JSON.stringify(row)}\n`);
      });
    else {
      const handle = openSync(file, "r");
      const chunk = Buffer.alloc(chunkBytes);
      try {
        for (let bytes; (bytes = readSync(handle, chunk)) > 0;) hash.update(chunk.subarray(0, bytes));
      } finally {
        closeSync(handle);
      }
    }
    return hash.digest("hex");
  },

  /** Moves the `-wal` into the file until the rest is small enough for the checkpoint of a commit. */
  checkpoint(file: string): void {
    withDatabase(file, false, (db) => {
      for (let round = 0; round < maxCheckpoints; round++) {
        const [state] = db.pragma("wal_checkpoint(PASSIVE)") as { log: number; checkpointed: number }[];
        if (!state || state.log - state.checkpointed < pagesPerCheckpoint) return;
      }
    });
  },
};

export type BulkTasks = typeof tasks;

new Database(":memory:").close();
parentPort?.postMessage("loaded" satisfies typeof driverLoaded);
parentPort?.on("message", ({ task, args }: { task: keyof BulkTasks; args: never[] }) => {
  try {
    const run: (...args: never[]) => unknown = tasks[task];
    parentPort!.postMessage({ answer: run(...args) } satisfies BulkAnswer);
  } catch (error) {
    const { name, message, code } = error as Error & { code?: string };
    const failure: BulkFailure = { name, message, ...(code !== undefined && { code }) };
    parentPort!.postMessage({ failure } satisfies BulkAnswer);
  }
});

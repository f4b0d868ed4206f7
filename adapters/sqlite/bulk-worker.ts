/**
 * The thread of `bulk-work.ts`. It imports nothing of ours: a thread loads its modules anew, and Moleculer alone takes
 * longer than most of this work.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import Database from "better-sqlite3";
import type { driverLoaded } from "./driver-thread.ts";

/** A failure as it crosses from the thread: enough for `translate` to say what it means. */
export interface BulkFailure {
  name: string;
  message: string;
  code?: string;
}

export type BulkAnswer = { answer: unknown } | { failure: BulkFailure };

/** At most this much of a file in memory. */
const chunkBytes = 1024 * 1024;
/** A writer that never rests would otherwise keep the checkpoint at work for ever. */
const maxCheckpoints = 10;
/** SQLite's default: what a commit of the host checkpoints by itself. */
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
  /** Copies one moment of `file` into a new file, which is one piece: no `-wal` beside it. Answers its bytes. */
  vacuumInto(file: string, to: string): number {
    // SQLite would create it readable for all; it fills an empty file that is there.
    closeSync(openSync(to, "a", 0o600));
    withDatabase(file, true, (db) => db.prepare("VACUUM INTO ?").run(to));
    return statSync(to).size;
  },

  /** Rows of one statement, as arrays; the file is only read. */
  query(file: string, sql: string, values: readonly unknown[] = []): unknown[][] {
    return withDatabase(file, true, (db) => {
      return db
        .prepare(sql)
        .raw(true)
        .all(...values) as unknown[][];
    });
  },

  /** Changes a file that no one else has open. */
  change(file: string, sql: string): void {
    withDatabase(file, false, (db) => db.exec(sql));
  },

  /** SHA-256 in hexadecimal digits: of the file's bytes or, with a statement, of its rows as lines of JSON. */
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

  /** Moves what the `-wal` holds into the file, until what is left is little enough for a commit's own checkpoint. */
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

import { statSync } from "node:fs";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { BulkAnswer, BulkTasks } from "./bulk-worker.ts";
import { driverLoaded, terminatorOf } from "./driver-thread.ts";
import { Flushing } from "./flushing.ts";

/** How far a piece of bulk work is, in bytes. */
export interface BulkProgress {
  done: number;
  total: number;
}

interface Waiting {
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
}

// The sources are run as they are, the package as JavaScript: the thread's file ends as this one does.
const program = new URL(`./bulk-worker${extname(import.meta.url)}`, import.meta.url);

const progressEveryMs = 250;

/**
 * Copies, checksums and checkpoints of whole files in a thread of their own, so that the event loop stays free. The
 * thread starts with the first task, does one after another, and ends with `close`. Errors are the driver's and the
 * system's, by `name` and `code`, for `translate` to put into words.
 *
 * @example
 * const work = new BulkWork();
 * try {
 *   await work.vacuumInto(file, copy);
 *   await work.run("hash", copy);
 * } finally {
 *   await work.close();
 * }
 */
export class BulkWork {
  #worker: Worker | null = null;
  #terminate: (() => Promise<void>) | null = null;
  #waiting: Waiting[] = [];
  #closed = false;

  run<Task extends keyof BulkTasks>(
    task: Task,
    ...args: Parameters<BulkTasks[Task]>
  ): Promise<ReturnType<BulkTasks[Task]>> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(ended());
      // Started first: a thread that may not start throws, and nothing waits for it.
      const worker = (this.#worker ??= this.#start());
      this.#waiting.push({ resolve: resolve as (answer: unknown) => void, reject });
      worker.postMessage({ task, args });
    });
  }

  /** The task `vacuumInto`, and how far it is, four times a second. */
  async vacuumInto(file: string, to: string, onProgress?: (progress: BulkProgress) => void): Promise<number> {
    const total = onProgress ? await this.#bytesOf(file) : 0;
    const tell = () => {
      try {
        const done = statSync(to, { throwIfNoEntry: false })?.size ?? 0;
        onProgress?.({ done: Math.min(done, total), total });
      } catch {
        // A timer's error would end the process; the copy itself says what is wrong.
      }
    };
    const timer = onProgress && setInterval(tell, progressEveryMs);
    const flushing = new Flushing(to);
    try {
      return await this.run("vacuumInto", file, to);
    } finally {
      clearInterval(timer);
      await flushing.end();
    }
  }

  async #bytesOf(file: string): Promise<number> {
    const sql =
      "SELECT (p.page_count - f.freelist_count) * s.page_size FROM pragma_page_count p, pragma_freelist_count f, pragma_page_size s";
    const [row] = await this.run("query", file, sql);
    return row![0] as number;
  }

  /** Ends the thread. A statement that is running is waited for: SQLite cannot be stopped within one. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#terminate?.();
  }

  #start(): Worker {
    const worker = new Worker(program);
    this.#terminate = terminatorOf(worker);
    const fail = (error: Error) => {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    worker.on("message", (answer: BulkAnswer | typeof driverLoaded) => {
      if (answer === driverLoaded) return;
      const { resolve, reject } = this.#waiting.shift()!;
      if ("answer" in answer) return resolve(answer.answer);
      const { message, ...fields } = answer.failure;
      reject(Object.assign(new Error(message), fields));
    });
    worker.on("error", (error) => {
      this.#worker = null;
      fail(error instanceof Error ? error : new Error(String(error)));
    });
    worker.on("exit", () => fail(ended()));
    return worker;
  }
}

const ended = () => new StoreUnavailableError("bulk work", "its file was closed meanwhile; nothing is left of it");

import { statSync } from "node:fs";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { BulkAnswer, BulkTasks } from "./bulk-worker.ts";
import { driverLoaded, terminatorOf } from "./driver-thread.ts";
import { Flushing } from "./flushing.ts";

/** Progress of a bulk task, in bytes. */
export interface BulkProgress {
  done: number;
  total: number;
}

interface Waiting {
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
}

// The sources run as TypeScript, the package as JavaScript, so the worker's file has the same extension as this one.
const program = new URL(`./bulk-worker${extname(import.meta.url)}`, import.meta.url);

const progressEveryMs = 250;

/**
 * Copies, checksums and checkpoints of whole files in a worker thread, so that the event loop stays free. The thread
 * starts with the first task, runs one task after another, and ends with `close`. It rejects with the driver's and the
 * system's errors (`name` and `code`), which `translate` turns into ours.
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
      // Start the thread before queueing: if it cannot start, this throws and leaves no task waiting.
      const worker = (this.#worker ??= this.#start());
      this.#waiting.push({ resolve: resolve as (answer: unknown) => void, reject });
      worker.postMessage({ task, args });
    });
  }

  /** Runs the task `vacuumInto` and reports its progress four times a second. */
  async vacuumInto(file: string, to: string, onProgress?: (progress: BulkProgress) => void): Promise<number> {
    const total = onProgress ? await this.#bytesOf(file) : 0;
    const tell = () => {
      try {
        const done = statSync(to, { throwIfNoEntry: false })?.size ?? 0;
        onProgress?.({ done: Math.min(done, total), total });
      } catch {
        // An error in a timer would end the process. The copy itself reports the cause.
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

  /** Ends the thread. Waits for a running statement, since SQLite cannot interrupt one. */
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

const ended = () => new StoreUnavailableError("bulk work", "its file was closed meanwhile; its copy was removed");

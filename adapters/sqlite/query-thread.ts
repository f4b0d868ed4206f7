import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { driverLoaded, terminatorOf } from "./driver-thread.ts";
import type { QueryAnswer, QueryFailure, QueryJob } from "./query-worker.ts";

/** Receives a statement's rows in chunks. The thread waits until each chunk has been taken. */
export interface RowsTaker {
  take: (rows: unknown[][]) => Promise<void>;
  end: () => void;
  fail: (error: Error) => void;
}

// The sources run as TypeScript, the package as JavaScript, so the worker's file has the same extension as this one.
const program = new URL(`./query-worker${extname(import.meta.url)}`, import.meta.url);

/**
 * V8 collects garbage later if it may keep more memory: without limits, a thread that runs queries for hours grows
 * beyond 150 MB. The compiled patterns that it caches take at most about 160 MB.
 */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 };

/** A worker thread that runs one job at a time. It keeps the process alive only while a job runs. */
export class QueryThread {
  readonly #worker: Worker;
  readonly #terminate: () => Promise<void>;
  readonly #isCancelled = new Int32Array(new SharedArrayBuffer(4));
  #job: { file: string; takers: readonly RowsTaker[]; done: () => void } | null = null;

  /** @param onEnd called when the thread has exited, for any reason */
  constructor(onEnd: () => void) {
    this.#worker = new Worker(program, { workerData: this.#isCancelled.buffer, resourceLimits });
    this.#worker.unref();
    this.#terminate = terminatorOf(this.#worker);
    this.#worker.on("message", (answer: QueryAnswer | typeof driverLoaded) => {
      if (answer !== driverLoaded) void this.#note(answer);
    });
    let failure: unknown;
    this.#worker.on("error", (error) => (failure = error));
    this.#worker.on("exit", () => {
      onEnd();
      this.#end(new StoreUnavailableError(this.#job?.file ?? "", "the query's thread has exited", failure));
    });
  }

  /** Resolves when the job has closed the file, even if its statements failed. */
  run(job: QueryJob, takers: readonly RowsTaker[]): Promise<void> {
    Atomics.store(this.#isCancelled, 0, 0);
    this.#worker.ref();
    return new Promise((done) => {
      this.#job = { file: job.file, takers, done };
      this.#worker.postMessage(job);
    });
  }

  /** The running job's statements fail at the next row that they examine. */
  cancel(): void {
    Atomics.store(this.#isCancelled, 0, 1);
  }

  close(): Promise<void> {
    return this.#terminate();
  }

  async #note(answer: QueryAnswer): Promise<void> {
    const job = this.#job;
    if (!job) return;
    if ("done" in answer) return this.#end(null);
    const taker = job.takers[answer.statement]!;
    if ("failure" in answer) return taker.fail(asError(answer.failure));
    try {
      await taker.take(answer.rows);
      if (answer.isLast) taker.end();
    } catch (error) {
      taker.fail(error as Error);
    }
    if (!answer.isLast) this.#worker.postMessage("next");
  }

  #end(failure: Error | null): void {
    const job = this.#job;
    this.#job = null;
    this.#worker.unref();
    if (failure) for (const { fail } of job?.takers ?? []) fail(failure);
    job?.done();
  }
}

/** Restores an error with the fields that `translate` needs. */
function asError({ message, ...fields }: QueryFailure): Error {
  return Object.assign(new Error(message), fields);
}

import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { driverLoaded, terminatorOf } from "./driver-thread.ts";
import type { QueryAnswer, QueryFailure, QueryJob } from "./query-worker.ts";

/** Takes what a statement's rows come to, piece by piece; the thread waits until it has taken one. */
export interface RowsTaker {
  take: (rows: unknown[][]) => Promise<void>;
  end: () => void;
  fail: (error: Error) => void;
}

// The sources are run as they are, the package as JavaScript: the thread's file ends as this one does.
const program = new URL(`./query-worker${extname(import.meta.url)}`, import.meta.url);

/**
 * The more V8 may keep, the later it collects garbage: without limits of its own a thread that is asked for hours grows to
 * 150 MB and more. The compiled patterns that it keeps take at most about 160.
 */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 };

/** One thread that answers one job at a time. It keeps the process alive only while it has one. */
export class QueryThread {
  readonly #worker: Worker;
  readonly #terminate: () => Promise<void>;
  readonly #isCancelled = new Int32Array(new SharedArrayBuffer(4));
  #job: { file: string; takers: readonly RowsTaker[]; done: () => void } | null = null;

  /** @param onEnd the thread is gone, whatever ended it */
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
      this.#end(new StoreUnavailableError(this.#job?.file ?? "", "the query's thread has ended", failure));
    });
  }

  /** Resolves when the job has let go of the file, whatever became of its statements. */
  run(job: QueryJob, takers: readonly RowsTaker[]): Promise<void> {
    Atomics.store(this.#isCancelled, 0, 0);
    this.#worker.ref();
    return new Promise((done) => {
      this.#job = { file: job.file, takers, done };
      this.#worker.postMessage(job);
    });
  }

  /** The running job's statements fail at the next row that they look at. */
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

/** By `name` and `code`, for `translate` to put into words; one of ours by its `type` as well. */
function asError({ message, ...fields }: QueryFailure): Error {
  return Object.assign(new Error(message), fields);
}

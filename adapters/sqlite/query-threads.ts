import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { asDenied } from "../../core/errors/system-errors.ts";
import { QueryThread, type RowsTaker } from "./query-thread.ts";
import type { SelectStatement } from "./query-worker.ts";

/** Statements that read one snapshot of a file and wait for a thread. */
export interface WaitingJob {
  file: string;
  statements: SelectStatement[];
  takers: RowsTaker[];
  /** Called when the job has ended and closed the file. */
  done: () => void;
}

const maxThreads = 2;
/**
 * Maximum number of waiting statements in the whole process: each caller waits for those before it, and each takes
 * memory.
 */
const maxWaiting = 1000;
/** A thread takes about 150 ms to start, and several megabytes. */
const idleMs = 30_000;

/** The query threads of this process, at most two, shared by all stores and tables. */
export class QueryThreads {
  readonly #idle: QueryThread[] = [];
  readonly #running = new Map<QueryThread, WaitingJob>();
  readonly #queue: WaitingJob[] = [];
  #waiting = 0;
  #users = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Each user calls it once. The threads end when the last user leaves. */
  enter(): void {
    this.#users++;
  }

  async leave(): Promise<void> {
    if (--this.#users === 0) await this.#endIdle();
  }

  /**
   * Reserves a statement's place in the queue.
   * @throws StoreUnavailableError if too many statements wait
   */
  reserve(file: string): void {
    if (this.#waiting >= maxWaiting)
      throw new StoreUnavailableError(
        file,
        `found ${this.#waiting} queries waiting for a thread, expected fewer than ${maxWaiting}`,
      );
    this.#waiting++;
  }

  /** Releases reserved places that are not used. */
  release(places: number): void {
    this.#waiting -= places;
  }

  /** Queues a job, first come, first served. Its statements must have reserved their places. */
  add(job: WaitingJob): void {
    this.#queue.push(job);
    this.#startNext();
  }

  /** Drops a waiting job, and ends a running one at its next row. Calls `done` in both cases. */
  cancel(job: WaitingJob): void {
    for (const [thread, running] of this.#running) if (running === job) return thread.cancel();
    const place = this.#queue.indexOf(job);
    if (place < 0) return;
    this.#queue.splice(place, 1);
    this.#finish(job);
  }

  #startNext(): void {
    if (this.#queue.length === 0) return;
    if (this.#idle.length === 0 && this.#running.size === maxThreads) return;
    clearTimeout(this.#timer);
    const job = this.#queue.shift()!;
    try {
      void this.#run(this.#idle.pop() ?? this.#newThread(), job);
    } catch (error) {
      const failure =
        asDenied(job.file, error) ??
        new StoreUnavailableError(job.file, "no thread can be started for the query", error);
      for (const { fail } of job.takers) fail(failure);
      this.#finish(job);
    }
  }

  #newThread(): QueryThread {
    const thread: QueryThread = new QueryThread(() => {
      this.#running.delete(thread);
      const place = this.#idle.indexOf(thread);
      if (place >= 0) this.#idle.splice(place, 1);
    });
    return thread;
  }

  #finish(job: WaitingJob): void {
    this.release(job.statements.length);
    job.done();
  }

  async #run(thread: QueryThread, job: WaitingJob): Promise<void> {
    this.#running.set(thread, job);
    const { file, statements } = job;
    await thread.run({ file, statements }, job.takers);
    // If the thread is not in the map, it has exited.
    if (this.#running.delete(thread)) this.#idle.push(thread);
    this.#finish(job);
    this.#startNext();
    if (this.#running.size === 0) this.#rest();
  }

  #rest(): void {
    clearTimeout(this.#timer);
    if (this.#users === 0) return void this.#endIdle();
    this.#timer = setTimeout(() => void this.#endIdle(), idleMs);
    this.#timer.unref();
  }

  async #endIdle(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(this.#idle.splice(0).map((thread) => thread.close()));
  }
}

/** Shared by the whole process. */
export const queryThreads = new QueryThreads();

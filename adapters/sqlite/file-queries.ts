import { InvalidQueryError, StoreUnavailableError } from "../../core/errors/errors.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import { asProblem, type ProblemData } from "../../core/errors/problem.ts";
import { translate } from "./errors.ts";
import { queryThreads, type WaitingJob } from "./query-threads.ts";
import type { SelectStatement } from "./query-worker.ts";

/**
 * Runs the queries of one open file that are too long for the event loop in a worker thread with its own connection.
 * Queries of the same turn of the event loop read the same snapshot. Each sees everything committed before its call.
 */
export class FileQueries {
  readonly #file: string;
  readonly #jobs = new Map<WaitingJob, Promise<void>>();
  /** The job that collects the queries of this turn of the event loop. */
  #gathering: WaitingJob | null = null;
  #hasEntered = false;
  #isClosed = false;

  constructor(file: string) {
    this.#file = file;
  }

  /** A query that starts now can share the snapshot of earlier queries of this turn. */
  get isGathering(): boolean {
    return this.#gathering !== null;
  }

  get isRunning(): boolean {
    return this.#jobs.size > 0;
  }

  /** @throws StoreUnavailableError if too many queries wait, or if the file is closed meanwhile */
  async select<Item>(statement: SelectStatement, decode: (columnValues: unknown[]) => Item): Promise<Item[]> {
    if (this.#isClosed) throw this.#closed();
    queryThreads.reserve(this.#file);
    const job = (this.#gathering ??= this.#newJob());
    const items: Item[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        job.statements.push(statement);
        job.takers.push({
          take: (rows) => decodeInto(items, rows, decode),
          end: resolve,
          fail: reject,
        });
      });
    } catch (error) {
      throw this.#isClosed ? this.#closed() : asOurs(this.#file, error);
    }
    return items;
  }

  /** Resolves when all queries that have been started so far have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#jobs.values());
  }

  /** Rejects the running queries. Resolves when none of them has the file open. */
  async close(): Promise<void> {
    if (this.#isClosed) return this.settled();
    this.#isClosed = true;
    for (const job of this.#jobs.keys()) {
      for (const { fail } of job.takers) fail(this.#closed());
      queryThreads.cancel(job);
    }
    await this.settled();
    if (this.#hasEntered) await queryThreads.leave();
  }

  #closed(): StoreUnavailableError {
    return new StoreUnavailableError(this.#file, "it was closed before the query ended");
  }

  #newJob(): WaitingJob {
    if (!this.#hasEntered) queryThreads.enter();
    this.#hasEntered = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    const job: WaitingJob = { file: this.#file, statements: [], takers: [], done: resolve };
    this.#jobs.set(job, promise);
    void promise.then(() => this.#jobs.delete(job));
    setImmediate(() => {
      this.#gathering = null;
      if (!this.#isClosed) return queryThreads.add(job);
      queryThreads.release(job.statements.length);
      job.done();
    });
    return job;
  }
}

async function decodeInto<Item>(
  items: Item[],
  rows: readonly unknown[][],
  decode: (columnValues: unknown[]) => Item,
): Promise<void> {
  const pace = new Pace();
  for (const row of rows) {
    items.push(decode(row));
    if (pace.isDue()) await pace.turn();
  }
}

function asOurs(file: string, error: unknown): unknown {
  if (error instanceof StoreUnavailableError) return error;
  const { name, message, type, data } = error as Error & { type?: unknown; data?: unknown };
  if (type === "STORE_UNAVAILABLE") return new StoreUnavailableError(file, message, error);
  if (type === "INVALID_QUERY") return new InvalidQueryError(asProblem((data as [ProblemData])[0]));
  return name === "SqliteError" ? translate(file, error) : error;
}

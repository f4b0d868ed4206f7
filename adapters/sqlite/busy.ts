import { setTimeout as delay } from "node:timers/promises";
import { isSqliteError } from "./errors.ts";

/** Work waits at most this long for a lock that another process holds. */
const patienceMs = 200;
const firstPauseMs = 1;
const longestPauseMs = 20;

/** Another process holds a lock that is needed; nothing was done. */
export function isBusy(error: unknown): boolean {
  const cause = isSqliteError(error) ? error : (error as Error | null)?.cause;
  return isSqliteError(cause) && cause.code.startsWith("SQLITE_BUSY");
}

/** Another connection is at work, in SQLite's own words: for what it reports by a value instead of an error. */
export class BusyError extends Error {
  override name = "SqliteError";
  readonly code = "SQLITE_BUSY";
}

/**
 * Runs synchronous work on a connection whose busy time-out is 0. While another process holds the lock, the work is tried
 * again after growing pauses, in which the event loop runs. Returns at once where no lock is in the way.
 * @throws the driver's SQLITE_BUSY after 200 ms
 */
export function whenFree<Answer>(work: () => Answer, since = performance.now()): Answer | Promise<Answer> {
  try {
    return work();
  } catch (error) {
    if (!isBusy(error)) throw error;
    return tryOn(work, since);
  }
}

async function tryOn<Answer>(work: () => Answer, since: number): Promise<Answer> {
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    await delay(pause);
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() - since >= patienceMs) throw error;
    }
  }
}

/** Writes of one connection: while one waits for a lock, those after it wait behind it, so that their order is kept. */
export class Writes {
  #last: Promise<unknown> | null = null;

  /** As `whenFree`; the wait is counted from this call on, also where the work waits behind another. */
  run<Answer>(work: () => Answer): Answer | Promise<Answer> {
    const since = performance.now();
    const last = this.#last;
    const answer = last ? last.then(() => whenFree(work, since)) : whenFree(work, since);
    if (answer instanceof Promise) this.#waitFor(answer);
    return answer;
  }

  #waitFor(answer: Promise<unknown>): void {
    const settled = answer.then(ignore, ignore).then(() => {
      if (this.#last === settled) this.#last = null;
    });
    this.#last = settled;
  }
}

/** The caller gets the outcome. */
const ignore = () => {};

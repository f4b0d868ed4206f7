import { setTimeout as delay } from "node:timers/promises";
import { isSqliteError } from "./errors.ts";

/** How long a call waits for a lock of another process. */
const patienceMs = 200;
const firstPauseMs = 1;
const longestPauseMs = 20;

/** Another process holds the lock. Nothing was done. */
export function isBusy(error: unknown): boolean {
  const cause = isSqliteError(error) ? error : (error as Error | null)?.cause;
  return isSqliteError(cause) && cause.code.startsWith("SQLITE_BUSY");
}

/** SQLite's busy error, for calls that report a busy database in their result instead of throwing. */
export class BusyError extends Error {
  override name = "SqliteError";
  readonly code = "SQLITE_BUSY";
}

/**
 * Runs synchronous work on a connection with a busy time-out of 0. While another process holds the lock, retries after
 * growing pauses and leaves the event loop free. Returns synchronously if no lock is in the way.
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

/** Runs the writes of one connection in call order: a write that waits for a lock also delays the writes after it. */
export class Writes {
  #last: Promise<unknown> | null = null;

  /** Like `whenFree`. The time spent behind an earlier write counts as waiting. */
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

/** The caller already receives the error. */
const ignore = () => {};

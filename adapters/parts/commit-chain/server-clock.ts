import { times } from "../../../core/concurrency/times.ts";

interface Dependencies {
  /** The server's time in milliseconds; null if the server has no clock to ask. */
  ask: () => Promise<number | null>;
  warn: (message: string) => void;
}

/**
 * The clock for the times of events. No event is older than the one before it, so a host whose clock is ahead would
 * impose its time on the events of all hosts. The clock is compared with the server's before the first append, after it
 * was set, and every `times.clock.checkEveryMs`. If it is ahead by more than a tolerance, the excess is subtracted.
 */
export class ServerClock {
  readonly #d: Dependencies;
  #excessMs = 0;
  #checkedAt: number | null = null;
  /** Wall clock minus monotonic clock: a change shows that the wall clock was set. */
  #offset = 0;
  #checking: Promise<void> | null = null;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  now(): Date {
    return new Date(Date.now() - this.#excessMs);
  }

  async check(): Promise<void> {
    const { toleranceMs, checkEveryMs } = times.clock;
    const wasSet = Math.abs(offset() - this.#offset) > toleranceMs;
    const isUnknown = this.#checkedAt === null || wasSet;
    if (!isUnknown && performance.now() - this.#checkedAt! < checkEveryMs) return;
    this.#checking ??= this.#compare().finally(() => (this.#checking = null));
    // A periodic check runs in the background: the last comparison is good enough for this append.
    if (isUnknown) await this.#checking;
  }

  async #compare(): Promise<void> {
    const here = Date.now();
    const there = await this.#d.ask().catch(() => null);
    this.#checkedAt = performance.now();
    this.#offset = offset();
    if (there === null) return;
    const wasAhead = this.#excessMs > 0;
    this.#excessMs = Math.max(here - there - times.clock.toleranceMs, 0);
    if (this.#excessMs > 0 && !wasAhead)
      this.#d.warn(
        `The clock of this host is ahead of the server's: found ${iso(here)}, expected about ${iso(there)}; events get a time of at most ${times.clock.toleranceMs} ms after the server's`,
      );
  }
}

const offset = () => Date.now() - performance.now();
const iso = (time: number) => new Date(time).toISOString();

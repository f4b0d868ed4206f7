import { times } from "../../../core/concurrency/times.ts";

interface Dependencies {
  /** What the server's clock says, in milliseconds; null where the server does not tell. */
  ask: () => Promise<number | null>;
  warn: (message: string) => void;
}

/**
 * The time that events get. No event is older than the one before it, so a host whose clock is ahead would give its time
 * to the events of all hosts. It is compared with the server's before the first append, when it was set, and now and
 * then; what it is ahead of that one, but for a small tolerance, is subtracted.
 */
export class ServerClock {
  readonly #d: Dependencies;
  #excessMs = 0;
  #checkedAt: number | null = null;
  /** Between the two clocks of this process: it changes where one of them is set. */
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
    // What was compared before is good enough for this append.
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

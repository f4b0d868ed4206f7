import { times } from "../../../core/concurrency/times.ts";

/**
 * Warns once while the log is ahead of this host's clock: no event is older than the one before it, so new ones get the
 * time of the last event until the clock has come to it.
 */
export class EventClock {
  readonly #warn: (message: string, details: object) => void;
  #isAhead = false;

  constructor(warn: (message: string, details: object) => void) {
    this.#warn = warn;
  }

  /** @param time of the event that was stored last */
  note(time: string): void {
    const now = Date.now();
    const isAhead = Date.parse(time) - now > times.clock.warnMs;
    if (isAhead && !this.#isAhead)
      this.#warn(
        "The log is ahead of this host's clock: this clock is behind, or that of another host was ahead. Events get the time of the last one until then",
        { lastEvent: time, clock: new Date(now).toISOString() },
      );
    this.#isAhead = isAhead;
  }
}

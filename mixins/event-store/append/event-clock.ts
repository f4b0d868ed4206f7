import { times } from "../../../core/concurrency/times.ts";

/**
 * Warns once while the log is ahead of this host's clock. Times never decrease, so new events get the time of the last
 * event until the clock has reached it.
 */
export class EventClock {
  readonly #warn: (message: string, details: object) => void;
  #isAhead = false;

  constructor(warn: (message: string, details: object) => void) {
    this.#warn = warn;
  }

  /** @param time - The time of the last stored event. */
  check(time: string): void {
    const now = Date.now();
    const isAhead = Date.parse(time) - now > times.clock.warnMs;
    if (isAhead && !this.#isAhead)
      this.#warn(
        "The log is ahead of this host's clock: this clock is behind, or another host's clock was ahead. New events get the time of the last event until this clock has reached it",
        { lastEvent: time, clock: new Date(now).toISOString() },
      );
    this.#isAhead = isAhead;
  }
}

import { times } from "../../core/concurrency/times.ts";

/** Wakes the consumer for a deadline that is due before its next poll. */
export class Alarm {
  readonly #wake: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** `at`: milliseconds since 1970; null: nothing is due. */
  set(at: number | null): void {
    clearTimeout(this.#timer);
    const inMs = at === null ? Infinity : Math.max(at - Date.now(), 0);
    // The consumer polls by itself, so later deadlines need no timer. A timer alone does not keep the process alive.
    if (inMs < times.poll.everyMs) this.#timer = setTimeout(this.#wake, inMs).unref();
  }
}

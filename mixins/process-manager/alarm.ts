import { times } from "../../core/concurrency/times.ts";

/** Wakes the consumer in time for what is due before it would look by itself. */
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
    // A deadline alone keeps no process alive.
    // The consumer looks by itself at each poll.
    if (inMs < times.poll.everyMs) this.#timer = setTimeout(this.#wake, inMs).unref();
  }
}

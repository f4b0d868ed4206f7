/** Work after which the event loop gets a turn: timers, sockets, leases and heartbeats come no later than that. */
const sliceMs = 4;

/**
 * Keeps a long loop from holding the event loop.
 *
 * @example
 * const pace = new Pace();
 * for (const event of events) {
 *   fold(event);
 *   if (pace.isDue()) await pace.turn();
 * }
 */
export class Pace {
  #since = performance.now();

  /** To be asked once per item, which takes some 40 ns: true after a few milliseconds of work since the last turn. */
  isDue(): boolean {
    return performance.now() - this.#since >= sliceMs;
  }

  /** Gives the event loop a turn. */
  async turn(): Promise<void> {
    await new Promise((resume) => setImmediate(resume));
    this.restart();
  }

  /** The loop has just had a turn, for example while an engine answered. */
  restart(): void {
    this.#since = performance.now();
  }
}

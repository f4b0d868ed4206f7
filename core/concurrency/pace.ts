/** After this much work a loop yields, so that timers, sockets, leases and heartbeats are at most this late. */
const sliceMs = 4;

/**
 * Keeps a long loop from blocking the event loop.
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

  /** True after a few milliseconds of work since the last turn. Call it once per item; a call takes about 40 ns. */
  isDue(): boolean {
    return performance.now() - this.#since >= sliceMs;
  }

  /** Yields to the event loop. */
  async turn(): Promise<void> {
    await new Promise((resume) => setImmediate(resume));
    this.restart();
  }

  /** Restarts the measurement after the event loop has had a turn anyway, for example during an await. */
  restart(): void {
    this.#since = performance.now();
  }
}

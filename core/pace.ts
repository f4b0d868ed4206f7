/** Work after which the event loop gets a turn: timers, sockets, leases and heartbeats come no later than that. */
const sliceMs = 4;
/** Items between two looks at the clock, which costs about as much as a cheap item. */
const itemsPerLookByDefault = 16;

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
  readonly #itemsPerLook: number;
  #items = 0;
  #since = performance.now();

  /** @param itemsPerLook 1 where a single item may take long: the clock is then read for each */
  constructor(itemsPerLook: number = itemsPerLookByDefault) {
    this.#itemsPerLook = itemsPerLook;
  }

  /** To be asked once per item: true after a few milliseconds of work since the last turn. */
  isDue(): boolean {
    if (++this.#items < this.#itemsPerLook) return false;
    this.#items = 0;
    return this.hasPassed();
  }

  /** The same, with a look at the clock: for what takes long by itself. */
  hasPassed(): boolean {
    return performance.now() - this.#since >= sliceMs;
  }

  /** Gives the event loop a turn. */
  async turn(): Promise<void> {
    await new Promise((resume) => setImmediate(resume));
    this.restart();
  }

  /** The loop has just had a turn, for example while an engine answered. */
  restart(): void {
    this.#items = 0;
    this.#since = performance.now();
  }
}

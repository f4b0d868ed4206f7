interface Steps {
  /**
   * One piece of work. Resolves to how long to rest, in milliseconds (Infinity: until the loop is woken); null: there
   * is more to do at once. `isNotified`: there may be something new; false if a rest has ended by itself.
   */
  step: (isNotified: boolean) => Promise<number | null>;
  /** Called after a step has failed. Returns how long to wait until the next one. */
  onError: (error: unknown) => number;
  /** Called after the last step. Never rejects. */
  end: () => Promise<void>;
}

/** A rest may end so much earlier or later, so that rests that end together share one timer. */
const toleranceMs = 1;

/** Runs step after step until it is stopped. Between two steps it rests until it is woken or the rest is over. */
export class Loop {
  readonly #steps: Steps;
  #isNotified = false;
  #isStopping = false;
  #running: Promise<void> | null = null;
  #endRest: (() => void) | null = null;
  #until = 0;
  /**
   * One timer for many rests, since most of them end with a signal: setting and clearing a timer for each would cost
   * more than the rest.
   */
  #timer: { handle: NodeJS.Timeout; dueAt: number } | null = null;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  start(): void {
    this.#isStopping = false;
    this.#running = this.#run();
  }

  /** Ends the current rest; if there is none, skips the next one. */
  wake(): void {
    this.#isNotified = true;
    this.#endRest?.();
  }

  /** Resolves after the running step and `end`. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.wake();
    await this.#running;
    this.#running = null;
  }

  async #run(): Promise<void> {
    const { step, onError, end } = this.#steps;
    for (let isNotified = true; !this.#isStopping;) {
      let restMs: number | null;
      try {
        restMs = await step(isNotified);
      } catch (error) {
        restMs = onError(error);
      }
      isNotified = true;
      // A step may never yield to the event loop by itself, so the loop yields between two steps.
      if (restMs === null) await new Promise((turn) => setImmediate(turn));
      else {
        if (!this.#isNotified) await this.#rest(restMs);
        this.#endRest = null;
        isNotified = this.#isNotified;
        this.#isNotified = false;
      }
    }
    await end();
  }

  #rest(ms: number): Promise<void> {
    this.#until = performance.now() + ms;
    if (this.#until < (this.#timer?.dueAt ?? Infinity) - toleranceMs) this.#watch();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#endRest = resolve;
    return promise;
  }

  #watch(): void {
    clearTimeout(this.#timer?.handle);
    this.#timer = null;
    if (this.#until === Infinity) return;
    const handle = setTimeout(() => this.#onTimeout(), Math.max(this.#until - performance.now(), 0));
    // A resting loop alone does not keep the process alive.
    handle.unref();
    this.#timer = { handle, dueAt: this.#until };
  }

  #onTimeout(): void {
    this.#timer = null;
    if (!this.#endRest) return;
    // The timer was set for an earlier rest; the current one ends later.
    if (performance.now() < this.#until - toleranceMs) this.#watch();
    else this.#endRest();
  }
}

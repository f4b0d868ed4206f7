/** A place to wait in until somebody knocks: a knock that comes before the wait is not lost. */
export class Signal {
  #isSet = false;
  #wake: (() => void) | null = null;
  #until = 0;
  /** One for many waits, since most end with a knock: to set and clear a timer for each costs more than the wait. */
  #timer: { handle: NodeJS.Timeout; dueAt: number } | null = null;

  notify(): void {
    this.#isSet = true;
    this.#wake?.();
  }

  reset(): void {
    this.#isSet = false;
  }

  /** Ends with the next knock, or after `timeoutMs` without one. */
  async wait(timeoutMs: number): Promise<void> {
    if (!this.#isSet) {
      this.#until = performance.now() + timeoutMs;
      if (!this.#timer || this.#timer.dueAt > this.#until) this.#watch();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#wake = null;
    this.#isSet = false;
  }

  #watch(): void {
    clearTimeout(this.#timer?.handle);
    const handle = setTimeout(() => this.#onTimeout(), Math.max(this.#until - performance.now(), 0));
    // A waiting consumer alone keeps no process alive.
    handle.unref();
    this.#timer = { handle, dueAt: this.#until };
  }

  #onTimeout(): void {
    this.#timer = null;
    if (!this.#wake) return;
    // The wait that the timer was set for has ended, and this is a later one.
    if (performance.now() < this.#until - 1) this.#watch();
    else this.#wake();
  }
}

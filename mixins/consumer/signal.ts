/** An auto-reset signal: one that comes before the wait is not lost. */
export class Signal {
  #isSet = false;
  #wake: (() => void) | null = null;
  #until = 0;
  /** One for many waits, since most end with a signal: to set and clear a timer for each costs more than the wait. */
  #timer: { handle: NodeJS.Timeout; dueAt: number } | null = null;

  notify(): void {
    this.#isSet = true;
    this.#wake?.();
  }

  /** Ends with the next signal, or after `timeoutMs` (Infinity: never) without one; returns whether there was one. */
  async wait(timeoutMs: number): Promise<boolean> {
    if (!this.#isSet) {
      this.#until = performance.now() + timeoutMs;
      if (!this.#timer || this.#timer.dueAt > this.#until) this.#watch();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#wake = null;
    const wasSet = this.#isSet;
    this.#isSet = false;
    return wasSet;
  }

  #watch(): void {
    clearTimeout(this.#timer?.handle);
    this.#timer = null;
    if (this.#until === Infinity) return;
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

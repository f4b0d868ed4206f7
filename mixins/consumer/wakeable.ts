/** A place to wait in until somebody knocks: a knock that comes before the wait is not lost. */
export class Wakeable {
  #knocked = false;
  #wake: (() => void) | null = null;

  knock(): void {
    this.#knocked = true;
    this.#wake?.();
  }

  forget(): void {
    this.#knocked = false;
  }

  /** Ends with the next knock, or after `timeoutMs` without one. */
  async wait(timeoutMs: number): Promise<void> {
    if (!this.#knocked) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        // A waiting consumer alone keeps no process alive.
        timer.unref();
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = null;
    this.#knocked = false;
  }
}

import { Signal } from "./signal.ts";

interface Steps {
  /**
   * One piece of work. Resolves to how long to rest, in milliseconds; null: there is more to do at once. `isNotified`:
   * there may be something new; otherwise a rest has ended without a signal.
   */
  step: (isNotified: boolean) => Promise<number | null>;
  /** A step failed. Returns how long to wait until the next one. */
  onError: (error: unknown) => number;
  /** After the last step. Never rejects. */
  end: () => Promise<void>;
}

/** Runs step after step until it is stopped; it rests between two of them until it is woken, or the rest is over. */
export class Loop {
  readonly #steps: Steps;
  readonly #signal = new Signal();
  #isStopping = false;
  #running: Promise<void> | null = null;

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

  wake(): void {
    this.#signal.notify();
  }

  /** Resolves when the step that runs and the end are done. */
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
      // Work may never leave the thread by itself: others get their turn between two steps.
      if (restMs === null) await new Promise((turn) => setImmediate(turn));
      isNotified = restMs === null || this.#isStopping || (await this.#signal.wait(restMs));
    }
    await end();
  }
}

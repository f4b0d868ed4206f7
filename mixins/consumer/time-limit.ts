import { Errors } from "moleculer";
import { times } from "../../core/concurrency/times.ts";

interface Running {
  since: number;
  giveUp: () => void;
}

/**
 * Waits for user code, with a limit: code that never settles must block neither the other events nor a stop. Its answer
 * is ignored after the limit.
 */
export class TimeLimit {
  readonly #timeoutMs: number;
  readonly #node: string;
  #isHurried = false;
  /** One timer for many waits, since most of them end at once: a timer for each would cost more than the wait. */
  #watch: NodeJS.Timeout | undefined;
  readonly #running = new Set<Running>();

  constructor(timeoutMs: number, node: string) {
    this.#timeoutMs = timeoutMs;
    this.#node = node;
  }

  /** The node is stopping: user code that does not settle soon is given up. */
  shortenForShutdown(): void {
    this.#isHurried = true;
    for (const running of this.#running) running.since = performance.now();
  }

  start(): void {
    this.#isHurried = false;
  }

  /** Stops the timer, since nothing is waited for any more. */
  end(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  /**
   * `onAnswer` is called in the first microtask after the answer, before anything that the user code has left running.
   * @throws RequestTimeoutError, which counts as an outage
   */
  wait<Answer>(what: string, answer: Promise<Answer>, onAnswer?: () => void): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const giveUp = () => reject(new Errors.RequestTimeoutError({ action: what, nodeID: this.#node }));
      const running = { since: performance.now(), giveUp };
      this.#running.add(running);
      this.#watch ??= setInterval(() => this.#look(), Math.min(Math.max(this.#timeoutMs / 10, 1), 500));
      answer.then(
        (value) => {
          this.#running.delete(running);
          onAnswer?.();
          resolve(value);
        },
        (error: unknown) => {
          this.#running.delete(running);
          reject(error);
        },
      );
    });
  }

  #look(): void {
    if (this.#running.size === 0) return this.end();
    const limitMs = this.#isHurried ? Math.min(times.stop.userCodeMs, this.#timeoutMs) : this.#timeoutMs;
    const now = performance.now();
    for (const running of this.#running)
      if (now - running.since >= limitMs) {
        this.#running.delete(running);
        running.giveUp();
      }
  }
}

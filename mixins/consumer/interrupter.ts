import type { Interruption } from "./error-policy.ts";
import { Waiters } from "./waiters.ts";

/** What makes the work of a consumer end between two events, and its waits end early. */
export class Interrupter implements Interruption {
  #isInterrupted = false;
  #isStopping = false;
  readonly #sleepers = new Waiters<null>("a pause", Infinity);

  readonly isInterrupted = (): boolean => this.#isInterrupted;
  readonly isStopping = (): boolean => this.#isStopping;

  /** Sleeping work alone keeps no process alive. */
  readonly sleep = async (ms: number): Promise<void> => {
    if (!this.#isInterrupted) await this.#sleepers.wait(null, { ms, outcome: () => awake, keepsProcess: false });
  };

  start(): void {
    this.#isStopping = this.#isInterrupted = false;
  }

  /** What had interrupted the work is being looked at; a stop stays one. */
  resume(): void {
    this.#isInterrupted = this.#isStopping;
  }

  interrupt(): void {
    this.#isInterrupted = true;
    this.#sleepers.settle(() => awake);
  }

  stop(): void {
    this.#isStopping = true;
    this.interrupt();
  }
}

const awake = { answer: undefined };

import type { Interruption } from "./error-policy.ts";
import { Waiters } from "./waiters.ts";

/** What makes the work of a consumer end between two events, and its waits end early. */
export class Interrupter implements Interruption {
  /** What runs is to end between two events. */
  interrupted = false;
  /** What is not begun is left for the next start. */
  stopping = false;
  readonly #sleepers = new Waiters<null>("a pause", Infinity);

  readonly isInterrupted = (): boolean => this.interrupted;
  readonly isStopping = (): boolean => this.stopping;

  /** Sleeping work alone keeps no process alive. */
  readonly sleep = async (ms: number): Promise<void> => {
    if (!this.interrupted) await this.#sleepers.wait(null, { ms, outcome: () => awake, keepsProcess: false });
  };

  start(): void {
    this.stopping = this.interrupted = false;
  }

  /** What had interrupted the work is being looked at; a stop stays one. */
  resume(): void {
    this.interrupted = this.stopping;
  }

  interrupt(): void {
    this.interrupted = true;
    this.#sleepers.settle(() => awake);
  }

  stop(): void {
    this.stopping = true;
    this.interrupt();
  }
}

const awake = { answer: undefined };

import type { Interruption } from "./error-policy.ts";
import { Waiters } from "./waiters.ts";

/** Interrupts the work of a consumer: processing ends between two events, and sleeps end early. */
export class Interrupter implements Interruption {
  /** The running work ends between two events. */
  interrupted = false;
  /** Work that has not begun is left for the next start. */
  stopping = false;
  readonly #sleepers = new Waiters<null>("a pause", Infinity);

  readonly isInterrupted = (): boolean => this.interrupted;
  readonly isStopping = (): boolean => this.stopping;

  /** A sleep alone does not keep the process alive. */
  readonly sleep = async (ms: number): Promise<void> => {
    if (!this.interrupted) await this.#sleepers.wait(null, { ms, outcome: () => awake, keepsProcess: false });
  };

  start(): void {
    this.stopping = this.interrupted = false;
  }

  /** Clears the interruption, since its reason is being handled now. A stop remains in effect. */
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

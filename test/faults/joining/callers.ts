import type { ServiceBroker } from "moleculer";

/** The call that one caller repeats. */
export interface Question {
  action: string;
  params: (n: number) => object;
  /** The problem of the result; null if it is right. */
  problem?: (answer: unknown) => string | null;
}

const timeoutMs = 20_000;
const pauseMs = 20;

/** Callers of a cluster: each waits for its result before its next call. */
export class Callers {
  readonly failures = new Map<string, number>();
  answered = 0;
  longestMs = 0;
  readonly #broker: ServiceBroker;
  readonly #loops: Promise<void>[];
  #hasEnded = false;

  constructor(broker: ServiceBroker, questions: readonly Question[]) {
    this.#broker = broker;
    this.#loops = questions.map((question) => this.#ask(question));
  }

  async #ask({ action, params, problem }: Question): Promise<void> {
    for (let n = 1; !this.#hasEnded; n++) {
      const began = performance.now();
      try {
        const answer: unknown = await this.#broker.call(action, params(n), { timeout: timeoutMs });
        const wrong = problem?.(answer) ?? null;
        if (wrong === null) this.answered++;
        else this.#fail(`${action}: ${wrong}`);
      } catch (error) {
        this.#fail(`${action}: ${(error as Error).message}`);
      }
      this.longestMs = Math.max(this.longestMs, performance.now() - began);
      await new Promise((turn) => setTimeout(turn, pauseMs));
    }
  }

  #fail(why: string): void {
    this.failures.set(why, (this.failures.get(why) ?? 0) + 1);
  }

  async end(): Promise<void> {
    this.#hasEnded = true;
    await Promise.all(this.#loops);
  }
}

import { Errors } from "moleculer";

/** How long a node that stops waits for user code. */
const hurryMs = 5000;

/**
 * Waits for user code, one piece at a time, but not for ever: what never settles must hold up neither the other events
 * nor a stop. Its answer is ignored then.
 */
export class TimeLimit {
  readonly #timeoutMs: number;
  readonly #node: string;
  #isHurried = false;
  #timer: NodeJS.Timeout | undefined;
  #giveUp: (() => void) | null = null;

  constructor(timeoutMs: number, node: string) {
    this.#timeoutMs = timeoutMs;
    this.#node = node;
  }

  /** The node stops: what does not come to an end soon is given up. */
  hurry(): void {
    this.#isHurried = true;
    if (this.#giveUp) this.#arm();
  }

  start(): void {
    this.#isHurried = false;
  }

  /** @throws RequestTimeoutError, which counts as an outage */
  async wait<Answer>(what: string, answer: Promise<Answer>): Promise<Answer> {
    try {
      return await new Promise<Answer>((resolve, reject) => {
        this.#giveUp = () => reject(new Errors.RequestTimeoutError({ action: what, nodeID: this.#node }));
        this.#arm();
        answer.then(resolve, reject);
      });
    } finally {
      clearTimeout(this.#timer);
      this.#giveUp = null;
    }
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const ms = this.#isHurried ? Math.min(hurryMs, this.#timeoutMs) : this.#timeoutMs;
    this.#timer = setTimeout(() => this.#giveUp?.(), ms);
  }
}

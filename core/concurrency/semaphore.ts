import { StoreUnavailableError } from "../errors/errors.ts";

/** So many pieces of work at a time; others wait for their turn, in the order in which they came. */
export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  readonly #bound: { of: string; maxWaiting: number };

  /** `of`: what refuses a piece of work if `maxWaiting` others wait. */
  constructor(count: number, bound = { of: "", maxWaiting: Infinity }) {
    this.#free = count;
    this.#bound = bound;
  }

  /** @throws StoreUnavailableError if too many wait */
  async run<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#free > 0) this.#free--;
    else if (this.#waiting.length >= this.#bound.maxWaiting)
      throw new StoreUnavailableError(
        this.#bound.of,
        `${this.#waiting.length} calls like this one wait for their turn`,
      );
    else await new Promise<void>((turn) => this.#waiting.push(turn));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

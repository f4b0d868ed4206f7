import { StoreUnavailableError } from "../errors/errors.ts";

/** A counting semaphore: runs at most `count` pieces of work at a time. Others wait in the order of their arrival. */
export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  readonly #bound: { of: string; maxWaiting: number };

  /** `of` names the resource in the error that is thrown if `maxWaiting` pieces of work wait already. */
  constructor(count: number, bound = { of: "", maxWaiting: Infinity }) {
    this.#free = count;
    this.#bound = bound;
  }

  /** @throws StoreUnavailableError if too many wait */
  async run<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#free > 0) this.#free--;
    else if (this.#waiting.length >= this.#bound.maxWaiting)
      throw new StoreUnavailableError(this.#bound.of, `${this.#waiting.length} calls of this kind are waiting already`);
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

import { StoreUnavailableError } from "../../core/errors/errors.ts";

/** Far more than the callers of a healthy system that wait for one thing on one node. */
const maxWaiting = 1000;

/** How a wait ends. */
export type Outcome<Answer> = { answer: Answer } | { error: unknown };

/** The end of a wait that nothing else has ended. */
interface Timeout<Answer> {
  ms: number;
  outcome: () => Outcome<Answer>;
  /** Whether the process stays alive until then. */
  keepsProcess: boolean;
}

interface Waiter<Wanted, Answer> {
  wanted: Wanted;
  isAsked: boolean;
  end: (outcome: Outcome<Answer>) => void;
}

/** Callers on this node that wait for the same kind of thing, each with what it wants of it. */
export class Waiters<Wanted, Answer = void> {
  /** How many wait. */
  size = 0;
  readonly #name: string;
  readonly #most: number;
  readonly #waiting = new Set<Waiter<Wanted, Answer>>();

  /** `name`: what is waited for, in messages. */
  constructor(name: string, most = maxWaiting) {
    this.#name = name;
    this.#most = most;
  }

  /** @throws StoreUnavailableError, retryable, if as many callers wait already as a node keeps */
  async wait(wanted: Wanted, timeout?: Timeout<Answer>): Promise<Answer> {
    const { size } = this;
    if (size >= this.#most)
      throw new StoreUnavailableError(
        this.#name,
        `${size} callers wait for it on this node, at most ${this.#most} may`,
      );
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const end = (outcome: Outcome<Answer>) => {
      this.#waiting.delete(waiter);
      this.size = this.#waiting.size;
      clearTimeout(timer);
      if ("error" in outcome) reject(outcome.error);
      else resolve(outcome.answer);
    };
    const waiter: Waiter<Wanted, Answer> = { wanted, isAsked: false, end };
    const timer = timeout && setTimeout(() => end(timeout.outcome()), timeout.ms);
    if (timer && !timeout.keepsProcess) timer.unref();
    this.#waiting.add(waiter);
    this.size = this.#waiting.size;
    return promise;
  }

  /** A question is put: its answer will know what the callers that wait by now have done before. */
  ask(): void {
    for (const waiter of this.#waiting) waiter.isAsked = true;
  }

  /** Ends the waits that have an outcome. `isAsked`: the caller has waited since before the last question. */
  settle(outcomeOf: (wanted: Wanted, isAsked: boolean) => Outcome<Answer> | null): void {
    for (const { wanted, isAsked, end } of this.#waiting) {
      const outcome = outcomeOf(wanted, isAsked);
      if (outcome) end(outcome);
    }
  }
}

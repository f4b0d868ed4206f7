import { StoreUnavailableError } from "../../core/errors/errors.ts";

/** Far more than the callers that wait for one thing on one node of a healthy system. */
const maxWaiting = 1000;

export type Outcome<Answer> = { answer: Answer } | { error: unknown };

/** Ends a wait that nothing else has ended. */
interface Timeout<Answer> {
  ms: number;
  outcome: () => Outcome<Answer>;
  /** Whether the timer keeps the process alive. */
  keepsProcess: boolean;
}

interface Waiter<Wanted, Answer> {
  wanted: Wanted;
  isAsked: boolean;
  end: (outcome: Outcome<Answer>) => void;
}

/** Callers on this node that wait for the same kind of thing, each with its own request. */
export class Waiters<Wanted, Answer = void> {
  /** The number of waiting callers. */
  size = 0;
  readonly #name: string;
  readonly #most: number;
  readonly #waiting = new Set<Waiter<Wanted, Answer>>();

  /** `name`: what the callers wait for, used in messages. */
  constructor(name: string, most = maxWaiting) {
    this.#name = name;
    this.#most = most;
  }

  /** @throws StoreUnavailableError, retryable, if the limit of waiting callers is reached */
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

  /** Marks the current callers. The answer to a question that is sent afterwards covers all that they did before. */
  ask(): void {
    for (const waiter of this.#waiting) waiter.isAsked = true;
  }

  /** Ends the waits that have an outcome. `isAsked`: the caller was already waiting at the last `ask`. */
  settle(outcomeOf: (wanted: Wanted, isAsked: boolean) => Outcome<Answer> | null): void {
    for (const { wanted, isAsked, end } of this.#waiting) {
      const outcome = outcomeOf(wanted, isAsked);
      if (outcome) end(outcome);
    }
  }
}

/** The queries that a transform has begun but not awaited, by what an error calls them. */
export interface Awaiting {
  pending: readonly string[];
}

/** Shared by all transforms: most make no query. */
export const nonePending: readonly string[] = [];

/**
 * A query's answer that detects whether it was awaited, which a native promise cannot. An in-process engine answers at
 * once, so a missing `await` would silently fold the fields of a promise. A query counts as awaited after a callback
 * passed to `then` was called; a query that is never awaited stays pending.
 */
export class ViewQuery<Answer> implements Promise<Answer> {
  readonly [Symbol.toStringTag] = "Promise";
  readonly #awaiting: Awaiting;
  readonly #answer: Answer | Promise<Answer>;
  readonly #isFailed: boolean;
  #isAwaited = false;

  readonly #what: string;

  private constructor(awaiting: Awaiting, what: string, answer: Answer | Promise<Answer>, isFailed: boolean) {
    this.#awaiting = awaiting;
    this.#what = what;
    this.#answer = answer;
    this.#isFailed = isFailed;
    awaiting.pending = [...awaiting.pending, what];
  }

  static answered<Answer>(awaiting: Awaiting, what: string, answer: Answer): ViewQuery<Answer> {
    return new ViewQuery(awaiting, what, answer, false);
  }

  static later<Answer>(awaiting: Awaiting, what: string, answer: Promise<Answer>): ViewQuery<Answer> {
    // A rejected query that is not awaited fails its event. It must not also end the process as an unhandled rejection.
    answer.catch(() => {});
    return new ViewQuery(awaiting, what, answer, false);
  }

  static failed(awaiting: Awaiting, what: string, error: unknown): ViewQuery<never> {
    return new ViewQuery(awaiting, what, error as never, true);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- the class exists to detect this call
  then<Result1 = Answer, Result2 = never>(
    onAnswer?: ((answer: Answer) => Result1 | PromiseLike<Result1>) | null,
    onError?: ((error: unknown) => Result2 | PromiseLike<Result2>) | null,
  ): Promise<Result1 | Result2> {
    return this.#promise().then(
      (answer) => {
        this.#note();
        return onAnswer ? onAnswer(answer) : (answer as Answer & Result1);
      },
      (error: unknown) => {
        this.#note();
        if (onError) return onError(error);
        throw error;
      },
    );
  }

  catch<Result = never>(onError?: ((error: unknown) => Result | PromiseLike<Result>) | null): Promise<Answer | Result> {
    return this.then(null, onError);
  }

  finally(onEnd?: (() => void) | null): Promise<Answer> {
    return this.then().finally(onEnd);
  }

  #promise(): Promise<Answer> {
    return this.#isFailed ? Promise.reject(this.#answer) : Promise.resolve(this.#answer);
  }

  #note(): void {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    const { pending } = this.#awaiting;
    const at = pending.indexOf(this.#what);
    if (at >= 0) this.#awaiting.pending = pending.toSpliced(at, 1);
  }
}

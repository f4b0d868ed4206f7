/** How many queries a transform has begun, and not awaited to their end. */
export interface Awaiting {
  pending: number;
}

/**
 * A query's answer, which knows whether it was awaited: a native promise cannot tell, and an engine of this process
 * answers at once, so that a missing `await` would fold a promise's fields in silence. It is awaited when a function that
 * was given to `then` has been called; a query that is never awaited stays pending.
 */
export class ViewQuery<Answer> implements Promise<Answer> {
  readonly [Symbol.toStringTag] = "Promise";
  readonly #awaiting: Awaiting;
  readonly #answer: Answer | Promise<Answer>;
  readonly #isFailed: boolean;
  #isAwaited = false;

  private constructor(awaiting: Awaiting, answer: Answer | Promise<Answer>, isFailed: boolean) {
    this.#awaiting = awaiting;
    this.#answer = answer;
    this.#isFailed = isFailed;
    awaiting.pending++;
  }

  static answered<Answer>(awaiting: Awaiting, answer: Answer): ViewQuery<Answer> {
    return new ViewQuery(awaiting, answer, false);
  }

  static later<Answer>(awaiting: Awaiting, answer: Promise<Answer>): ViewQuery<Answer> {
    // A refused query that is not awaited fails its event: it must not end the process besides.
    answer.catch(() => {});
    return new ViewQuery(awaiting, answer, false);
  }

  static failed(awaiting: Awaiting, error: unknown): ViewQuery<never> {
    return new ViewQuery(awaiting, error as never, true);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- to notice that it is called is what the class is for
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
    this.#awaiting.pending--;
  }
}

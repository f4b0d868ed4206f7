/** The answer of a command: a promise that knows whether anybody has asked for what comes of it. */
export class CommandAnswer<Answer> extends Promise<Answer> {
  isAsked = false;

  /** What is made of it is a plain promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // Also `await` comes here, since this is no plain promise.
  // oxlint-disable-next-line no-thenable -- it is a promise
  override then<Kept = Answer, Caught = never>(
    onKept?: ((value: Answer) => Kept | PromiseLike<Kept>) | null,
    onRefused?: ((reason: unknown) => Caught | PromiseLike<Caught>) | null,
  ): Promise<Kept | Caught> {
    this.isAsked = true;
    return super.then(onKept, onRefused);
  }
}

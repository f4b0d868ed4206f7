/** The result of a command: a promise that records whether it was awaited. */
export class CommandAnswer<Answer> extends Promise<Answer> {
  isAwaited = false;

  /** Derived promises are plain. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // `await` calls this, too, since this is not a plain promise.
  // oxlint-disable-next-line no-thenable -- it is a promise
  override then<Kept = Answer, Caught = never>(
    onKept?: ((value: Answer) => Kept | PromiseLike<Kept>) | null,
    onRefused?: ((reason: unknown) => Caught | PromiseLike<Caught>) | null,
  ): Promise<Kept | Caught> {
    this.isAwaited = true;
    return super.then(onKept, onRefused);
  }
}

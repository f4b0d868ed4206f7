import { CommandAnswer } from "./command-answer.ts";

/** The commands that a handler has sent: it has ended when they have, and fails by one that it did not await. */
export class SentCommands {
  readonly #pending = new Set<Promise<unknown>>();
  readonly #refused: { answer: CommandAnswer<unknown>; error: unknown }[] = [];

  /** The result of a sent command, for the handler. */
  add<Answer>(sent: Promise<unknown>): Promise<Answer> {
    const answer = new CommandAnswer<Answer>((resolve) => resolve(sent as Promise<Answer>));
    const end = sent.then(
      () => {},
      (error: unknown) => void this.#refused.push({ answer, error }),
    );
    const pending = end.then(() => void this.#pending.delete(pending));
    this.#pending.add(pending);
    // Prevents an unhandled rejection: `assertAwaited` reports it when the handler has ended.
    void Promise.prototype.then.call(answer, undefined, () => {});
    return answer;
  }

  /** Resolves when none is pending, of those that follow from them either. */
  async end(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  /** Resolves when those that are pending now have ended. */
  async endOfPresent(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** @throws the error of a command that has failed and whose promise was not awaited */
  assertAwaited(): void {
    const unawaited = this.#refused.find(({ answer }) => !answer.isAwaited);
    if (unawaited) throw unawaited.error;
  }
}

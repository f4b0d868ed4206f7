import type { NewerEvent } from "../../../core/catalogue/newer-event.ts";
import { NotCaughtUpError, StoreUnavailableError, ValidationError } from "../../../core/errors/errors.ts";
import { Waiters } from "../../consumer/waiters.ts";

/** The limit of waiting readers. Each keeps its call and a timer: about 20 MB together. */
const maxReaders = 10_000;

const caughtUp = { answer: undefined };

/** Readers that wait until a table has folded the events that they have written. */
export class CatchUp {
  /** Each waits for a position. */
  readonly readers: Waiters<number>;
  readonly #aggregate: string;

  constructor(aggregate: string) {
    this.#aggregate = aggregate;
    this.readers = new Waiters(aggregate, maxReaders);
  }

  /**
   * @throws NotCaughtUpError after `timeoutMs`, or at once when the table is halted; ValidationError beyond the head;
   * StoreUnavailableError if too many readers wait
   */
  wait(position: number, timeoutMs: number, reached: () => number): Promise<void> {
    const outcome = () => this.#late(position, reached(), `after ${timeoutMs} ms`);
    return this.readers.wait(position, { ms: timeoutMs, outcome, keepsProcess: true });
  }

  get isAwaited(): boolean {
    return this.readers.size > 0;
  }

  /** Takes over the head of a page. A reader that came before its request must not wait for a later position. */
  noteHead(store: string, head: number): void {
    this.readers.settle((position, isAsked) => {
      if (!isAsked || position <= head) return null;
      const expected = `at most the store's head, ${head}`;
      return { error: new ValidationError([{ field: `meta.readAfter.${store}`, found: position, expected }]) };
    });
  }

  reach(position: number): void {
    this.readers.settle((wanted) => (wanted <= position ? caughtUp : null));
  }

  /** The table is halted, so no reader has to wait for its timeout. */
  rejectWaiters(position: number, why: string, newer?: NewerEvent): void {
    this.readers.settle((wanted) => this.#late(wanted, position, why, newer));
  }

  /** The node is stopping, which is no fault of the table: the same read may be retried. */
  rejectAll(): void {
    this.readers.settle(() => ({ error: new StoreUnavailableError(this.#aggregate, "is stopping") }));
  }

  #late(position: number, reached: number, why: string, newer?: NewerEvent): { error: NotCaughtUpError } {
    return { error: new NotCaughtUpError(this.#aggregate, position, reached, why, newer) };
  }
}

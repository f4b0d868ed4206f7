import { NotCaughtUpError, StoreUnavailableError, ValidationError } from "../../../core/errors/errors.ts";
import { assertWaiterLimit } from "../../consumer/waiter-limit.ts";

/** Each keeps its call and a timer: about 20 MB together. */
const maxReaders = 10_000;

interface Reader {
  position: number;
  /** Counted when the reader came, to tell a head that was read before it from one that was read after. */
  since: number;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Readers who wait until a table has folded what they have written. */
export class CatchUp {
  readonly #aggregate: string;
  #readers = new Set<Reader>();
  #asked = 0;

  constructor(aggregate: string) {
    this.#aggregate = aggregate;
  }

  /**
   * @throws NotCaughtUpError after `timeoutMs`, or at once when the table stands still; ValidationError beyond the head;
   * StoreUnavailableError if too many readers wait
   */
  async wait(position: number, timeoutMs: number, reached: () => number): Promise<void> {
    assertWaiterLimit(this.#aggregate, this.#readers.size, maxReaders);
    let timer: NodeJS.Timeout | undefined;
    let reader: Reader | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        reader = { position, since: this.#asked, resolve, reject };
        this.#readers.add(reader);
        timer = setTimeout(
          () => reject(new NotCaughtUpError(this.#aggregate, position, reached(), `after ${timeoutMs} ms`)),
          timeoutMs,
        );
      });
    } finally {
      clearTimeout(timer);
      if (reader) this.#readers.delete(reader);
    }
  }

  get isAwaited(): boolean {
    return this.#readers.size > 0;
  }

  /** The store is being asked for its head. */
  ask(): number {
    return ++this.#asked;
  }

  /** The answer to the question `asked`: whoever came before it was put and waits for more than there is waits in vain. */
  noteHead(asked: number, store: string, head: number): void {
    for (const { position, since, reject } of this.#readers)
      if (since < asked && position > head)
        reject(
          new ValidationError([
            { field: `meta.readAfter.${store}`, found: position, expected: `at most the store's head, ${head}` },
          ]),
        );
  }

  reach(position: number): void {
    for (const reader of this.#readers) if (reader.position <= position) reader.resolve();
  }

  /** The table stands still: nobody has to wait for the time-out. */
  rejectWaiters(position: number, why: string): void {
    for (const reader of this.#readers)
      reader.reject(new NotCaughtUpError(this.#aggregate, reader.position, position, why));
  }

  /** The node stops, which says nothing about the table: the same read may be sent again. */
  rejectAll(): void {
    for (const { reject } of this.#readers) reject(new StoreUnavailableError(this.#aggregate, "is stopping"));
  }
}

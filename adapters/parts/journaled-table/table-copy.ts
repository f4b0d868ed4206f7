import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import type { Line } from "./backup-rows.ts";
import { CopyLock } from "./copy-lock.ts";
import { kinds, type Content, type Documents, type RowStore } from "./row-store.ts";
import { doneBatch, dropped, generationIn, type StoredGeneration } from "./stored-generation.ts";

const passesBeforeLock = 4;
/** Commits are blocked for the last pass once the pass before it had fewer rows than this. */
const fewRows = 1000;

/** Takes what a copy reads. */
export interface LineSink {
  add(line: Line): Promise<void>;
  flush(): Promise<void>;
}

/** What a copy has read: the generation's document as of the moment of the copy, and the numbers of rows and passes. */
export interface Copied {
  stored: StoredGeneration;
  rows: number;
  passes: number;
}

/**
 * Reads a consistent copy of a generation that hosts keep changing. The first pass reads all rows, each further pass
 * the rows written since the one before, and the last pass runs under a copy lock.
 */
export class TableCopy {
  readonly #store: RowStore;
  readonly #number: number;
  readonly #sink: LineSink;
  #pass = 0;

  private constructor(store: RowStore, number: number, sink: LineSink) {
    this.#store = store;
    this.#number = number;
    this.#sink = sink;
  }

  static read(store: RowStore, number: number, sink: LineSink): Promise<Copied> {
    return new TableCopy(store, number, sink).#read();
  }

  async #read(): Promise<Copied> {
    let since = doneBatch(await this.#stored());
    await this.#pages((documents) => documents.find({}));
    for (let pass = 1; pass < passesBeforeLock; pass++) {
      const now = doneBatch(await this.#stored());
      const written = await this.#pages((documents) => documents.writtenAfter(since));
      since = now;
      if (written < fewRows) break;
    }
    for (;;) {
      const taken = await CopyLock.take(this.#store, this.#number);
      if (!taken) continue;
      const { lock, stored } = taken;
      await this.#pages((documents) => documents.writtenAfter(since), lock);
      const rows = await this.#store.documents(this.#number, "rows").count({});
      since = stored.batch;
      if (!(await lock.release())) continue;
      await this.#stored();
      return { stored, rows, passes: this.#pass };
    }
  }

  /** @throws StoreUnavailableError if the generation was replaced: its rows may be removed already */
  async #stored(): Promise<StoredGeneration> {
    const stored = await generationIn(this.#store, this.#number);
    if (stored && stored.epoch !== dropped) return stored;
    throw new StoreUnavailableError(
      this.#store.location,
      `generation ${this.#number} was replaced while it was copied`,
    );
  }

  async #pages(
    read: (documents: Documents) => AsyncIterable<{ id: string; content: Content | null }>,
    lock?: CopyLock,
  ) {
    this.#pass++;
    let written = 0;
    for (const kind of kinds)
      for await (const { id, content } of read(this.#store.documents(this.#number, kind))) {
        written++;
        await this.#sink.add([this.#pass, kind, id, content]);
        await lock?.beat();
      }
    await this.#sink.flush();
    return written;
  }
}

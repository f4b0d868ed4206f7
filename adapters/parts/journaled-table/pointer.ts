import { StoreUnavailableError, UnusableStoreError } from "../../../core/errors/errors.ts";
import { retryUntilAnswered } from "../retry.ts";
import type { Head, RowStore } from "./row-store.ts";
import { dropped, newGeneration, type About, type StoredGeneration } from "./stored-generation.ts";

const id = "pointer";
/** Of the documents. */
const format = 2;

/** What is said of the table in one document. */
interface Stored extends Head {
  format: number;
  /** The table's, so that no other is kept among its documents. */
  name: string;
  /** The generation that answers queries; 0 before the first. */
  live: number;
  /** The number of the next generation. */
  next: number;
  /** How often the table was taken over. */
  epoch: number;
}

/** The document that says which generation is live, and whose turn it is to fold. */
export class Pointer {
  readonly #store: RowStore;
  readonly #name: string;

  constructor(store: RowStore, name: string) {
    this.#store = store;
    this.#name = name;
  }

  /** @throws UnusableStoreError where another table, or a newer version's, has this place */
  async prepare(): Promise<Stored> {
    const { heads, location } = this.#store;
    await heads.add({ _id: id, kind: "pointer", format, name: this.#name, live: 0, next: 1, epoch: 0 });
    const stored = await this.read();
    if (stored.format !== format)
      throw new UnusableStoreError(location, `found documents of format ${stored.format}, expected ${format}`);
    if (stored.name !== this.#name)
      throw new UnusableStoreError(
        location,
        `found the table "${stored.name}", expected "${this.#name}": give each table a place of its own`,
      );
    return stored;
  }

  async read(): Promise<Stored> {
    const stored = await this.#store.heads.get(id);
    if (!stored) throw new StoreUnavailableError(this.#store.location, "the table's pointer is no longer there");
    return stored as Stored;
  }

  /**
   * Adds a generation under a number that none had before. Its document is there before the pointer passes the number: what
   * stands below that without one was left behind.
   */
  async addGeneration(about: About): Promise<StoredGeneration> {
    for (;;) {
      const { next } = await this.read();
      const stored = newGeneration(next, about);
      const isAdded = await this.#store.heads.add(stored);
      await this.#store.heads.change(id, { next }, { next: next + 1 });
      if (isAdded) return stored;
    }
  }

  /** Whether it was this host's call that did it, also where the answer was lost. */
  async switch(epoch: number, from: number, to: number): Promise<boolean> {
    try {
      if (await this.#store.heads.change(id, { epoch, live: from }, { live: to })) return true;
    } catch (error) {
      if ((await retryUntilAnswered(this.#store.location, () => this.read())).live === to) return true;
      throw error;
    }
    return (await this.read()).live === to;
  }

  /** A new epoch, which every generation then has: whoever knows an older one is refused. */
  async takeOver(): Promise<number> {
    const { heads } = this.#store;
    for (;;) {
      const { epoch } = await this.read();
      if (!(await heads.change(id, { epoch }, { epoch: epoch + 1 }))) continue;
      for (const generation of (await heads.list("generation")) as StoredGeneration[])
        await this.#raise(generation, epoch + 1);
      return epoch + 1;
    }
  }

  async #raise({ _id, epoch }: StoredGeneration, to: number): Promise<void> {
    const { heads } = this.#store;
    for (let found = epoch; found < to && found !== dropped;) {
      if (await heads.change(_id, { epoch: found }, { epoch: to })) return;
      const stored = (await heads.get(_id)) as StoredGeneration | null;
      if (!stored) return;
      found = stored.epoch;
    }
  }
}

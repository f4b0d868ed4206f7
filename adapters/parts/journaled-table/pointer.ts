import { StoreUnavailableError, UnusableStoreError } from "../../../core/errors/errors.ts";
import { assertFormat, formats } from "../../../core/log/stored-format.ts";
import { retryUntilAnswered } from "../retry.ts";
import type { Head, RowStore } from "./row-store.ts";
import {
  dropped,
  generationIn,
  generationsIn,
  newGeneration,
  type About,
  type StoredGeneration,
} from "./stored-generation.ts";

const id = "pointer";

interface Stored extends Head {
  format: number;
  /** The table's name, so that a second table cannot share the documents. */
  name: string;
  /** The generation that serves queries; 0 before the first. */
  live: number;
  /** The number of the next generation. */
  next: number;
  /** How often the table was taken over. */
  epoch: number;
}

/** The document with the number of the live generation and the epoch of the last takeover. */
export class Pointer {
  readonly #store: RowStore;
  readonly #name: string;

  constructor(store: RowStore, name: string) {
    this.#store = store;
    this.#name = name;
  }

  /** @throws UnusableStoreError if the documents belong to another table, or a newer version has written them */
  async prepare(): Promise<Stored> {
    const { heads, location } = this.#store;
    await heads.add({
      _id: id,
      kind: "pointer",
      format: formats.journaledTable,
      name: this.#name,
      live: 0,
      next: 1,
      epoch: 0,
    });
    const stored = await this.read();
    if (stored.name !== this.#name)
      throw new UnusableStoreError(
        location,
        `found the table "${stored.name}", expected "${this.#name}": give each table its own location`,
      );
    return stored;
  }

  async read(): Promise<Stored> {
    const stored = await this.#store.heads.get(id);
    if (!stored) throw new StoreUnavailableError(this.#store.location, "the table's pointer is no longer there");
    assertFormat(this.#store.location, "journaledTable", stored["format"]);
    return stored as Stored;
  }

  /**
   * Adds a generation under a new number. Its document exists before the pointer passes the number, so rows below the
   * pointer's number without such a document are leftovers.
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

  /** True if `to` is live afterwards. A lost response is resolved by reading the pointer again. */
  async switch(epoch: number, from: number, to: number): Promise<boolean> {
    try {
      if (await this.#store.heads.change(id, { epoch, live: from }, { live: to })) return true;
    } catch (error) {
      if ((await retryUntilAnswered(this.#store.location, () => this.read())).live === to) return true;
      throw error;
    }
    return (await this.read()).live === to;
  }

  /** Raises the epoch of the table and of every generation; a commit with an older epoch then fails. */
  async takeOver(): Promise<number> {
    const { heads } = this.#store;
    for (;;) {
      const { epoch } = await this.read();
      if (!(await heads.change(id, { epoch }, { epoch: epoch + 1 }))) continue;
      for (const generation of await generationsIn(this.#store)) await this.#raise(generation, epoch + 1);
      return epoch + 1;
    }
  }

  async #raise({ _id, number, epoch }: StoredGeneration, to: number): Promise<void> {
    const { heads } = this.#store;
    for (let found = epoch; found < to && found !== dropped;) {
      if (await heads.change(_id, { epoch: found }, { epoch: to })) return;
      const stored = await generationIn(this.#store, number);
      if (!stored) return;
      found = stored.epoch;
    }
  }
}

import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { StoreUnavailableError } from "../../core/errors.ts";
import type { RowStore } from "./row-store.ts";
import { dropped, generationId, type StoredGeneration } from "./stored-generation.ts";

/** Who says nothing for so long has died or is frozen; he finds out when he asks. */
const silentAfterMs = 10_000;
const beatAfterMs = 1_000;
const betweenTriesMs = 10;
const takenWithinMs = 60_000;

/** Keeps a generation as it is for a moment. No clock decides: who released it knows that nobody had taken it from him. */
export class Hold {
  readonly stored: StoredGeneration;
  readonly #store: RowStore;
  readonly #name = randomUUID();
  #beats = 0;
  #beatenAt = performance.now();

  private constructor(store: RowStore, stored: StoredGeneration) {
    this.#store = store;
    this.stored = stored;
  }

  /** Waits for the commit that runs. @throws StoreUnavailableError where the generation is gone, or commits do not end */
  static async take(store: RowStore, number: number): Promise<Hold> {
    for (const end = performance.now() + takenWithinMs; performance.now() < end; await wait(betweenTriesMs)) {
      const stored = (await store.heads.get(generationId(number))) as StoredGeneration | null;
      if (!stored || stored.epoch === dropped)
        throw new StoreUnavailableError(store.where, `generation ${number} is no longer there`);
      if (stored.journal !== null || stored.hold !== null) continue;
      const hold = new Hold(store, stored);
      const asFound = { epoch: stored.epoch, batch: stored.batch, journal: null, hold: null };
      if (await store.heads.change(stored._id, asFound, { hold: hold.#text })) return hold;
    }
    throw new StoreUnavailableError(store.where, `generation ${number} is written to without a pause`);
  }

  get #text(): string {
    return `${this.#name} ${this.#beats}`;
  }

  /** To be called while work goes on: says so to those who wait. */
  async beat(): Promise<void> {
    if (performance.now() - this.#beatenAt < beatAfterMs) return;
    this.#beatenAt = performance.now();
    const before = this.#text;
    this.#beats++;
    await this.#store.heads.change(this.stored._id, { hold: before }, { hold: this.#text });
  }

  /** Whether it was held all the while. */
  release(): Promise<boolean> {
    return this.#store.heads.change(this.stored._id, { hold: this.#text, epoch: this.stored.epoch }, { hold: null });
  }
}

/** One who waits for holds to end, and ends those of silent ones. */
export class HoldPatience {
  readonly #store: RowStore;
  #seen: string | null = null;
  #since = 0;

  constructor(store: RowStore) {
    this.#store = store;
  }

  async wait({ _id, hold }: StoredGeneration): Promise<void> {
    if (hold !== this.#seen) [this.#seen, this.#since] = [hold, performance.now()];
    if (performance.now() - this.#since > silentAfterMs) await this.#store.heads.change(_id, { hold }, { hold: null });
    else await wait(betweenTriesMs);
  }
}

import type { ReadTable } from "../../../core/table/read-table.ts";
import type { PointInTime } from "./points-in-time.ts";
import type { Scratch, ScratchFolds } from "./scratch-folds.ts";

interface CachedTable {
  scratch: Promise<Scratch>;
  users: number;
}

const maxCached = 3;

/** Caches tables of past points in time: the most recently used ones. A table in use is never dropped. */
export class PastTables {
  readonly #table: Pick<ReadTable, "drop">;
  readonly #folds: ScratchFolds;
  /** Keyed by everything that a table depends on. Least recently used first. */
  readonly #cache = new Map<string, CachedTable>();

  constructor(table: Pick<ReadTable, "drop">, folds: ScratchFolds) {
    this.#table = table;
    this.#folds = folds;
  }

  /** Builds the table, or shares it with concurrent and recent calls for the same point in time. */
  async use<Answer>(point: PointInTime, work: (scratch: Scratch) => Promise<Answer>): Promise<Answer> {
    const { log, position, positionId, skipped } = point;
    const key = JSON.stringify([log, position, positionId, skipped.toSorted()]);
    const cached = this.#cache.get(key) ?? {
      scratch: this.#folds.build({ point, startAtMost: position }),
      users: 0,
    };
    this.#cache.delete(key);
    this.#cache.set(key, cached);
    cached.users++;
    let isWorthCaching = false;
    try {
      const scratch = await cached.scratch;
      // A table with parked events is not kept: the events may be foldable the next time.
      isWorthCaching = scratch.parked.length === 0;
      return await work(scratch);
    } finally {
      cached.users--;
      if (!isWorthCaching && cached.users === 0) await this.#drop(key, cached);
      await this.#dropBeyond(maxCached);
    }
  }

  /** Drops all tables that are not in use. */
  async clear(): Promise<void> {
    await this.#dropBeyond(0);
  }

  async #dropBeyond(most: number): Promise<void> {
    for (const [key, cached] of this.#cache) {
      if (this.#cache.size <= most) return;
      if (cached.users === 0) await this.#drop(key, cached);
    }
  }

  async #drop(key: string, cached: CachedTable): Promise<void> {
    if (this.#cache.get(key) !== cached) return;
    this.#cache.delete(key);
    const scratch = await cached.scratch.catch(() => null);
    if (scratch) await this.#table.drop(scratch.generation);
  }
}

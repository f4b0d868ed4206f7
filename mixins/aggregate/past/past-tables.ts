import type { ReadTable } from "../../../core/table/read-table.ts";
import type { PointInTime } from "./points-in-time.ts";
import type { Scratch, ScratchFolds } from "./scratch-folds.ts";

interface Kept {
  scratch: Promise<Scratch>;
  users: number;
}

const mostKept = 3;

/** Caches tables of past points in time: the most recently used ones. A table in use is never dropped. */
export class PastTables {
  readonly #table: Pick<ReadTable, "drop">;
  readonly #folds: ScratchFolds;
  /** Keyed by everything that a table depends on. Least recently used first. */
  readonly #kept = new Map<string, Kept>();

  constructor(table: Pick<ReadTable, "drop">, folds: ScratchFolds) {
    this.#table = table;
    this.#folds = folds;
  }

  /** Builds the table, or shares it with concurrent and recent calls for the same point in time. */
  async use<Answer>(moment: PointInTime, work: (scratch: Scratch) => Promise<Answer>): Promise<Answer> {
    const { log, position, positionId, skipped } = moment;
    const key = JSON.stringify([log, position, positionId, skipped.toSorted()]);
    const kept = this.#kept.get(key) ?? {
      scratch: this.#folds.build({ moment, startAtMost: position }),
      users: 0,
    };
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    kept.users++;
    let isWorthKeeping = false;
    try {
      const scratch = await kept.scratch;
      // A table with parked events is not kept: the events may be foldable the next time.
      isWorthKeeping = scratch.parked.length === 0;
      return await work(scratch);
    } finally {
      kept.users--;
      if (!isWorthKeeping && kept.users === 0) await this.#drop(key, kept);
      await this.#dropBeyond(mostKept);
    }
  }

  /** Drops all tables that are not in use. */
  async clear(): Promise<void> {
    await this.#dropBeyond(0);
  }

  async #dropBeyond(most: number): Promise<void> {
    for (const [key, kept] of this.#kept) {
      if (this.#kept.size <= most) return;
      if (kept.users === 0) await this.#drop(key, kept);
    }
  }

  async #drop(key: string, kept: Kept): Promise<void> {
    if (this.#kept.get(key) !== kept) return;
    this.#kept.delete(key);
    const scratch = await kept.scratch.catch(() => null);
    if (scratch) await this.#table.drop(scratch.generation);
  }
}

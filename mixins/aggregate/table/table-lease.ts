import type { ReadTable } from "../../../core/table/read-table.ts";
import { LeaseHold, type LeaseSource } from "../../consumer/lease-hold.ts";

interface Dependencies {
  node: string;
  table: Pick<ReadTable, "takeOver">;
  source: LeaseSource;
}

/**
 * Who folds a table that several nodes share: the holder of a lease in the event store. Whoever takes it fences the table
 * against the one before, so that a holder that slept too long writes nothing, whatever it believes.
 */
export class TableLease {
  readonly #table: Dependencies["table"];
  readonly lease: LeaseHold;
  /** That of the last lease; 0 where another may have had one since. */
  #epoch = 0;
  #isNew = false;
  /** Since when it is not known what is stored, as `performance.now()` counts. */
  #outcomeUnknownSince: number | null = null;

  constructor({ node, table, source }: Dependencies) {
    this.#table = table;
    this.lease = new LeaseHold(source, node);
  }

  /**
   * Takes or keeps it. `new`: another may have had it, and what was known of the table is to be read anew. `again`: it was
   * fenced once more, and what is folded goes on from what is stored.
   */
  async acquire(): Promise<"kept" | "new" | "again" | "another's"> {
    const lease = await this.lease.acquire();
    if (!lease) return this.#lose();
    // Epochs rise one by one: nobody else had the lease before the next one.
    if (this.#epoch === 0 || ![0, 1].includes(lease.epoch - this.#epoch)) this.#isNew = true;
    if (lease.epoch !== this.#epoch) this.outcomeUnknown();
    this.#epoch = lease.epoch;
    if (this.#outcomeUnknownSince === null) return "kept";
    await this.#takeOver(this.#outcomeUnknownSince);
    // A fence that was late is another's trouble for a moment, and he fences again.
    if (!this.lease.isCertain) return this.#lose();
    const held = this.#isNew ? "new" : "again";
    this.#isNew = false;
    this.#outcomeUnknownSince = null;
    return held;
  }

  async #takeOver(inDoubtSince: number): Promise<void> {
    try {
      await this.#table.takeOver();
    } catch (error) {
      // It may be out of this node's reach alone: it is given up when that of a node that has died would be.
      if (performance.now() - inDoubtSince > this.lease.ttlMs) await this.release();
      throw error;
    }
  }

  #lose(): "another's" {
    this.#epoch = 0;
    this.#outcomeUnknownSince = null;
    return "another's";
  }

  /** Something failed: an answer may be lost that says what was stored, or another host may have fenced the table. */
  outcomeUnknown(): void {
    this.#outcomeUnknownSince ??= performance.now();
  }

  /** Another may take it. Where the store has gone first, it falls free by itself. */
  async release(): Promise<void> {
    await this.lease.release().catch(() => {});
  }
}

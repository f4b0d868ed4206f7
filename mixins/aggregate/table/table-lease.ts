import type { ReadTable } from "../../../core/table/read-table.ts";
import { StateLog, type Debug } from "../../../core/text/state-log.ts";
import { LeaseHold, notHeld, type LeaseSource } from "../../consumer/lease-hold.ts";

interface Dependencies {
  name: string;
  node: string;
  table: Pick<ReadTable, "takeOver">;
  source: LeaseSource;
  debug: Debug;
}

/**
 * Determines which of the nodes that share a table folds it: the holder of a lease in the event store. A new holder
 * fences the table against the previous one. A holder that was suspended for too long can therefore write nothing, even
 * if it still considers the lease valid.
 */
export class TableLease {
  readonly #table: Dependencies["table"];
  readonly #fenceLog: StateLog;
  readonly lease: LeaseHold;
  /** The epoch of the last lease; 0 if another node may have had it since. */
  #epoch = 0;
  #isNew = false;
  /** When the stored state became unknown, in `performance.now()` time; null while it is known. */
  #outcomeUnknownSince: number | null = null;

  constructor({ name, node, table, source, debug }: Dependencies) {
    this.#table = table;
    this.lease = new LeaseHold(source, node, new StateLog(`${name} lease`, notHeld, debug));
    this.#fenceLog = new StateLog(`${name} fence`, "unknown", debug);
  }

  /**
   * Takes or keeps the lease. `new`: another node may have had it, so everything about the table is reloaded. `again`:
   * the table was fenced again, and the fold continues from the stored state. `other`: another node has the lease.
   */
  async acquire(): Promise<"kept" | "new" | "again" | "other"> {
    const lease = await this.lease.acquire();
    if (!lease) return this.#lose();
    // Epochs rise one by one, so no other node has had the lease if this is the next one.
    if (this.#epoch === 0 || ![0, 1].includes(lease.epoch - this.#epoch)) this.#isNew = true;
    if (lease.epoch !== this.#epoch) this.outcomeUnknown();
    this.#epoch = lease.epoch;
    if (this.#outcomeUnknownSince === null) return "kept";
    await this.#takeOver(this.#outcomeUnknownSince);
    // A fence that comes late stops the new holder, which then fences the table again.
    if (!this.lease.isCertain) return this.#lose();
    const held = this.#isNew ? "new" : "again";
    this.#fenceLog.change("this node's", () => ({ epoch: this.#epoch, held }));
    this.#isNew = false;
    this.#outcomeUnknownSince = null;
    return held;
  }

  async #takeOver(inDoubtSince: number): Promise<void> {
    try {
      await this.#table.takeOver();
    } catch (error) {
      // The table may be unreachable for this node only, so the lease is released when a dead node's lease would lapse.
      if (performance.now() - inDoubtSince > this.lease.ttlMs) await this.release();
      throw error;
    }
  }

  #lose(): "other" {
    this.#logUnknown("another node has the lease");
    this.#epoch = 0;
    this.#outcomeUnknownSince = null;
    return "other";
  }

  /** A write has failed: the stored state is unknown, or another host may have fenced the table. */
  outcomeUnknown(cause = "a new lease, or a write that failed"): void {
    this.#logUnknown(cause);
    this.#outcomeUnknownSince ??= performance.now();
  }

  #logUnknown(cause: string): void {
    const epoch = this.#epoch;
    this.#fenceLog.change("unknown", () => ({ epoch, cause }));
  }

  /** Another node may take the lease. If the store has stopped first, the lease lapses by itself. */
  async release(): Promise<void> {
    await this.lease.release().catch(() => {});
  }
}

import { newEventId } from "../../core/event-id.ts";
import type { ReadTable } from "../../core/read-table.ts";
import type { EventSource } from "../consumer/event-source.ts";
import { LeaseHold } from "../consumer/lease-hold.ts";

interface Dependencies {
  node: string;
  table: Pick<ReadTable, "takeOver">;
  source: Pick<EventSource, "takeLease" | "releaseLease">;
}

/**
 * Who folds a table that several nodes share: the holder of a lease in the event store. Whoever takes it fences the table
 * against the one before, so that a holder that slept too long writes nothing, whatever it believes.
 */
export class Charge {
  readonly #table: Dependencies["table"];
  readonly #lease: LeaseHold;
  /** The lease under which the table was taken over. */
  #epoch = 0;
  #isInDoubt = false;

  constructor({ node, table, source }: Dependencies) {
    this.#table = table;
    this.#lease = new LeaseHold(source, `${node}/${newEventId()}`);
  }

  /**
   * Takes or keeps it. `new`: what was known of the table is to be read anew. `again`: it was fenced once more, and what is
   * folded goes on from what is stored.
   */
  async hold(): Promise<"kept" | "new" | "again" | "another's"> {
    const lease = await this.#lease.hold();
    if (!lease) return this.#lose();
    const isNew = lease.epoch !== this.#epoch;
    if (!isNew && !this.#isInDoubt) return "kept";
    await this.#table.takeOver();
    // A fence that was late is another's trouble for a moment, and he fences again.
    if (!this.#lease.isCertain) return this.#lose();
    this.#epoch = lease.epoch;
    this.#isInDoubt = false;
    return isNew ? "new" : "again";
  }

  #lose(): "another's" {
    this.#epoch = 0;
    return "another's";
  }

  /** Something failed: an answer may be lost that says what was stored, or another host may have fenced the table. */
  doubt(): void {
    this.#isInDoubt = true;
  }

  /** Where the store has gone first, it falls free by itself. */
  async release(): Promise<void> {
    this.#epoch = 0;
    await this.#lease.release().catch(() => {});
  }
}

import type { ParkedEvent } from "../../core/table/read-table.ts";
import type { Checkpoint, CheckpointState } from "./checkpoint.ts";
import type { LeaseHold } from "./lease-hold.ts";
import type { Holding } from "./work.ts";

/** The part that a subscription and a process manager share: a lease, and a checkpoint among the log's states. */
export abstract class CheckpointedWork<Parked extends ParkedEvent> {
  readonly blockedBy = null;
  readonly isAwaited = false;
  readonly needsPolling = true;
  abstract readonly lease: LeaseHold;
  protected abstract readonly checkpoint: Checkpoint<Parked>;

  get progress(): Readonly<CheckpointState<Parked>> {
    return this.checkpoint.progress;
  }

  /** Whether this node holds the lease and has loaded the progress and the parked events. */
  get isInCharge(): boolean {
    return this.checkpoint.isInCharge;
  }

  acquire(): Promise<Holding> {
    return this.checkpoint.acquire();
  }

  save(): Promise<void> {
    return this.checkpoint.save();
  }
}

import type { ParkedEvent } from "../../core/table/read-table.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { CheckpointState } from "./checkpoint-state.ts";
import type { LeaseHold } from "./lease-hold.ts";
import type { Holding, WorkState } from "./work.ts";

/** The part that a subscription and a process manager share: a lease, and a checkpoint among the log's states. */
export abstract class CheckpointedWork<Parked extends ParkedEvent> {
  /** Nothing else wakes it for the lapse of its lease, or for a deadline. */
  readonly polling = "steadily";
  abstract readonly lease: LeaseHold;
  protected abstract readonly checkpoint: Checkpoint<Parked>;

  get state(): WorkState & { readonly progress: Readonly<CheckpointState<Parked>> } {
    return { progress: this.checkpoint.progress, blockedBy: null };
  }

  /** Whether this node holds the lease and has loaded the progress and the parked events. */
  get isInCharge(): boolean {
    return this.checkpoint.isInCharge;
  }

  abstract parked(): Parked[];

  parkedStreams(): Iterable<Parked> {
    return this.parked();
  }

  acquire(): Promise<Holding> {
    return this.checkpoint.acquire();
  }

  save(): Promise<void> {
    return this.checkpoint.save();
  }
}

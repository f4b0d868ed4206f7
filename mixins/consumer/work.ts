import type { Progress } from "../../core/table/read-table.ts";
import type { ConsumerPage } from "./consumer-page.ts";
import type { ControlledWork } from "./control-sync.ts";
import type { LeaseHold } from "./lease-hold.ts";

/**
 * Whose work it is: this node's as before (`kept`), this node's with its state read anew (`new`), or another node's
 * (`other`).
 */
export type Holding = "kept" | "new" | "other";

/** What differs between the consumers: one folds the events of the log into a table, another hands them to handlers. */
export interface Work extends ControlledWork {
  readonly progress: Readonly<Pick<Progress, "position" | "positionId" | "log">>;
  /** A page is asked for. */
  beforePage?(): void;
  /** Takes or keeps the lease, before each page. */
  acquire(): Promise<Holding>;
  /** Null where every node works for itself: then it is never asked to `acquire`. */
  readonly lease: Pick<LeaseHold, "cause" | "restMs" | "isFreed"> | null;
  /** It waits for things that wake no worker: the lapse of a lease, a deadline. */
  readonly needsPolling: boolean;
  /** How many events the next page is to hold at most. */
  readonly eventsPerPage: number;
  /** A page was read, whether its events are handled or not. */
  onPage?(page: ConsumerPage): void;
  /** Work beside the log's, also while that is blocked; a slice at a time. `restart`: the block of this consumer is gone. */
  backgroundStep?(): "idle" | Promise<"idle" | "more" | "restart">;
  /** Why nothing can be done, and `resume` would not help; null where it can. */
  readonly blockedBy: string | null;
  /**
   * Does the page's events in order. Ends early, between two events, when interrupted. Returns a promise only if there is
   * something to do. @throws an outage's error
   */
  handle(page: ConsumerPage): void | Promise<void>;
  /** A caller waits here for what another node does. */
  readonly isAwaited: boolean;
  /** Writes the checkpoint where it has moved since. */
  save(): Promise<void>;
  readonly isTooOftenParked: boolean;
  /** The message of the event that was parked last. */
  readonly lastFailure: string | undefined;
  /** An operator has resumed the consumer. */
  forgetParkedInARow(): void;
  /** Nothing moves until an operator acts, or this node stops. */
  rejectWaiters(why: string): void;
}

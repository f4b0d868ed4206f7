import type { NewerEvent } from "../../core/catalogue/newer-event.ts";
import type { Progress } from "../../core/table/read-table.ts";
import type { ConsumerPage } from "./consumer-page.ts";
import type { ControlledWork } from "./control-sync.ts";
import type { Failures } from "./failures.ts";
import type { LeaseHold } from "./lease-hold.ts";

/**
 * Which node does the work: this node as before (`kept`), this node after it has reloaded the state (`new`), or another
 * node (`other`).
 */
export type Holding = "kept" | "new" | "other";

/** The state of the work at one moment. */
export interface WorkState {
  readonly progress: Readonly<Pick<Progress, "position" | "positionId" | "log">>;
  /** Why the work cannot run, and `resume` would not help; null if it can. */
  readonly blockedBy: string | null;
}

/**
 * How often the work has to look for changes that wake no worker. `often`: a caller on this node waits for the work of
 * another node. `steadily`: for the lapse of a lease, or for a deadline.
 */
export type Polling = "often" | "steadily" | "never";

/**
 * The part that differs between consumers: an aggregate folds the events of the log into a table, a subscription passes
 * them to handlers.
 */
export interface Work extends ControlledWork {
  readonly state: WorkState;
  /** Called before each request for a page; returns how many events the page may have. */
  beforePage(): number;
  /** Takes or keeps the lease; called before each page. */
  acquire(): Promise<Holding>;
  /** Null if every node works for itself; then `acquire` is never called. */
  readonly lease: Pick<LeaseHold, "cause" | "restMs" | "isFreed"> | null;
  readonly polling: Polling;
  /** Called after each page is read, whether its events are handled or not. */
  onPage?(page: ConsumerPage): void;
  /** Does a slice of work besides the log's, even while that is blocked. `restart`: the consumer is unblocked. */
  backgroundStep?(): "idle" | Promise<"idle" | "more" | "restart">;
  /**
   * Handles the page's events in order. If interrupted, it ends early, between two events. Returns a promise only if
   * there is something to do. @throws an outage's error
   */
  handle(page: ConsumerPage): void | Promise<void>;
  /** Writes the checkpoint if it has moved since the last write. */
  save(): Promise<void>;
  readonly failures: Failures;
  /**
   * Called when the work cannot continue until an operator acts, when this node stops, or before an event that only a newer
   * release can read.
   */
  rejectWaiters(why: string, newer?: NewerEvent): void;
}

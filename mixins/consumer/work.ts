import type { Progress } from "../../core/table/read-table.ts";
import type { ConsumerPage } from "./consumer-page.ts";
import type { ControlledWork } from "./control-sync.ts";
import type { LeaseHold } from "./lease-hold.ts";

/** What a consumer does with the events of the log: one folds them into a table, another handles them. */
export interface Work extends ControlledWork {
  readonly progress: Readonly<Pick<Progress, "position" | "positionId" | "log">>;
  /** Asked before each page. False where another node holds the lease; left out where every node works for itself. */
  mayWork?(): Promise<boolean>;
  /** Under which one node works at a time; left out or null where every node works for itself. */
  readonly lease?: Pick<LeaseHold, "cause" | "restMs" | "isFreed"> | null;
  /** How many events the next page is to hold at most; left out: as the consumer is set. */
  readonly eventsPerPage?: number;
  /** A page was read, wanted or not. */
  note(page: ConsumerPage): void;
  /** Work beside the log's, also while that stands still; a slice at a time. `anew`: what made this consumer stop is gone. */
  backgroundStep?(): Promise<"idle" | "more" | "anew">;
  /** Why nothing can be done, whoever resumes it; null or left out where it can. */
  readonly blockedBy?: string | null;
  /** Does the page's events in order. Ends early, between two events, when interrupted. @throws an outage's error */
  handle(page: ConsumerPage): Promise<void>;
  /** Somebody waits here for what another node does. */
  readonly isAwaited?: boolean;
  /** Writes the checkpoint where it has moved since. */
  save(): Promise<void>;
  readonly isTooOftenParked: boolean;
  /** The message of the event that was parked last. */
  readonly lastFailure: string | undefined;
  /** Somebody had a look and wants to go on. */
  forgetParkedInARow(): void;
  /** Nothing moves until somebody acts. */
  rejectWaiters(why: string): void;
}

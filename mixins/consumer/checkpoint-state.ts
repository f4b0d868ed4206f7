import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { ParkedEvent, Progress } from "../../core/table/read-table.ts";

/** The state that a consumer without a table stores in the store's engine. */
export interface CheckpointState<Parked extends ParkedEvent = ParkedEvent> extends Pick<
  Progress,
  "position" | "positionId" | "log"
> {
  /** The failed events; the events that wait behind them are not listed. */
  parked: Parked[];
  /** The events above the position that are handled already; omitted if there are none. */
  early?: readonly EarlyEvent[];
  /** Nothing else counts: the state of a renamed consumer is stored under this name. */
  formerName?: string;
}

/** An event that was handled before its turn, while the event `of` failed. */
export interface EarlyEvent extends Pick<RecordedEvent, "id" | "position"> {
  of: string;
}

export const noProgress: Readonly<CheckpointState<never>> = { position: 0, positionId: null, log: null, parked: [] };

/** Stored under the new name of a renamed consumer, which therefore cannot begin anew if its option is removed. */
export const renamedFrom = (formerName: string): CheckpointState<never> => ({ ...noProgress, formerName });

export const isRenamed = (state: unknown): boolean => (state as CheckpointState | undefined)?.formerName !== undefined;

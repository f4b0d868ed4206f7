import type { ParkedEvent } from "../../core/table/read-table.ts";

/** The parked events of a consumer. */
export interface ParkedPage<Parked extends ParkedEvent = ParkedEvent> {
  events: Parked[];
  /** The consumer's checkpoint: every event up to this position is handled, or parked. */
  position: number;
  /** False if more events wait than are listed. */
  end: boolean;
}

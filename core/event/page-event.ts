import type { RecordedEvent } from "./recorded-event.ts";

/** The event of one position, for a consumer. */
export interface PageEvent extends RecordedEvent {
  /**
   * The events as which the stored event is read, if they are others than this one alone. They share its position and
   * version, so they are handled and committed together. This one has the id of the stored event, and stands for them.
   */
  readonly parts?: readonly RecordedEvent[];
}

/** The events that an event of a page stands for. */
export const partsOf = (event: PageEvent): readonly RecordedEvent[] => event.parts ?? [event];

import type { FormerNames } from "../../core/catalogue/new-names.ts";
import type { ConsumerControl } from "../../core/consumer/consumer-control.ts";
import type { Page } from "../../core/log/event-log.ts";
import type { NewerEvent } from "../../core/catalogue/newer-event.ts";
import type { ReadEvents } from "../../core/catalogue/upcast-page.ts";

/** A page of the log for a consumer, with the state that the consumer checks at every page. */
export interface ConsumerPage extends ReadEvents, NamesOfTypes, Omit<Page, "events"> {
  /** The ids of the events at the requested position and at `position`; null if there is none. */
  afterId: string | null;
  positionId: string | null;
  head: number;
  log: string;
  control: ConsumerControl;
  /**
   * The log has a single host, on the consumer's node. That host notifies the consumers there of each change, and of
   * its head once a second.
   */
  notifies?: true;
  /** The page ends before this event, which only a newer release can read. */
  newer?: NewerEvent;
}

/** Some events of one stream; empty at its end. */
export interface StreamPage extends ReadEvents, NamesOfTypes {}

/** Of events as they are stored. */
interface NamesOfTypes {
  /** The former names of their types, if the log knows any. The page then also contains types of which a former name is wanted. */
  formerNames?: FormerNames;
}

import type { ConsumerControl } from "../../core/consumer/consumer-control.ts";
import type { Page } from "../../core/log/event-log.ts";
import type { Unreadable } from "../../core/catalogue/upcast.ts";

/** A page for a consumer: with it comes what a consumer has to know each time. */
export interface ConsumerPage extends Page {
  /** The ids of the events at the position asked from and at `position`; null where there is none. */
  afterId: string | null;
  positionId: string | null;
  head: number;
  log: string;
  control: ConsumerControl;
  /** The log has one host, on the consumer's node: it tells consumers there of each change, and of its head once a second. */
  notifies?: true;
  /** By id: why these of its events, which are in it as they are stored, cannot be brought to today's version. */
  unreadable?: Readonly<Record<string, Unreadable>>;
}

/** Some events of one stream; of one that is at its end, none. */
export type StreamPage = Pick<ConsumerPage, "events" | "unreadable">;

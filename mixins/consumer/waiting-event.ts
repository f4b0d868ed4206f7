import { isDamagedEvent } from "../../core/event/damaged-event.ts";
import type { ParkedStream } from "../../core/table/read-table.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { EventSource } from "./event-source.ts";
import { isUpcastError } from "../../core/catalogue/upcast-error.ts";

/** The time of a damaged event is unknown. */
export type EventPlace = Pick<RecordedEvent, "id" | "type" | "stream" | "version" | "position"> & { time?: string };

/** The source of a single event, and of the consumer's events in a stream. */
export type EventLookup = Pick<EventSource, "event" | "eventAt" | "streamPage">;

interface Among {
  /** The parked stream of this name. */
  stream: (name: string) => ParkedStream | undefined;
  /** The checkpoint. */
  upTo: number;
}

/** The event of this id if it waits in a parked stream behind another. @throws an outage's error */
export async function waitingEvent(
  source: EventLookup,
  id: string,
  { stream, upTo }: Among,
): Promise<EventPlace | null> {
  const event = await placeOf(source, id);
  const parked = event && stream(event.stream);
  if (!parked || parked.givenUp?.includes(id)) return null;
  if (event.position <= parked.position || event.position > upTo) return null;
  // The stored type of an event that cannot be read does not say whether the consumer handles it.
  const { events } = await source.streamPage(event.stream, event.version - 1, 1);
  return events[0]?.id === event.id ? event : null;
}

/** The location of an event, even of one that cannot be read; null if there is none. */
async function placeOf(source: EventLookup, id: string): Promise<EventPlace | null> {
  try {
    return await source.event(id);
  } catch (error) {
    const { type, data } = error as { type?: unknown; data?: EventPlace };
    if (type === "ENTITY_NOT_FOUND") return null;
    if (isDamagedEvent(error)) return data!;
    if (isUpcastError(error)) return source.eventAt(data!.position);
    throw error;
  }
}

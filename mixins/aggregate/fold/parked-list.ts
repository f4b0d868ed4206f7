import type { ParkedChoice } from "../../../core/consumer/consumer-control.ts";
import type { ParkedEvent, ParkedStream } from "../../../core/table/read-table.ts";
import { parkedAs, withoutWaiting } from "../../consumer/parked-streams.ts";
import type { ParkedPage } from "../../consumer/parked-page.ts";
import { StreamReader } from "../../consumer/stream-reader.ts";
import { waitingEvent, type EventPlace } from "../../consumer/waiting-event.ts";
import type { LateSource } from "./late-fold.ts";

/** The limit of listed waiting events: there may be millions, and the list is one message. */
export const mostListed = 1000;

interface Parked {
  streams: readonly ParkedStream[];
  /** The position up to which the table is folded. */
  position: number;
  source: LateSource;
}

/** The parked events of these streams, including those that wait, sorted by position. */
export async function listParked(parked: Parked, choice: ParkedChoice): Promise<ParkedPage> {
  const events = await listed(parked, choice);
  const isCut = events.filter(({ error }) => !error).length >= mostListed;
  return { events, position: parked.position, end: !isCut };
}

async function listed(parked: Parked, { id, stream }: ParkedChoice): Promise<ParkedEvent[]> {
  const streams = parked.streams.filter((one) => (stream ?? one.stream) === one.stream);
  const failed = streams.filter(({ error }) => error).map(withoutWaiting);
  if (id === undefined) return inOrder([...failed, ...(await waitingIn(streams, parked))]);
  const found = failed.find((event) => event.id === id);
  if (found) return [found];
  const byName = new Map(streams.map((one) => [one.stream, one]));
  const among = { stream: (name: string) => byName.get(name), upTo: parked.position };
  const event = await waitingEvent(parked.source, id, among);
  return event ? [asWaiting(event, byName.get(event.stream)!)] : [];
}

async function waitingIn(streams: readonly ParkedStream[], { source, position }: Parked): Promise<ParkedEvent[]> {
  const events: ParkedEvent[] = [];
  const reader = new StreamReader(source);
  for (const parked of streams) {
    if (parked.waiting === 0) continue;
    for await (const event of reader.all(parked.stream, parked.version, position)) {
      if (parked.givenUp?.includes(event.id)) continue;
      events.push(asWaiting(event, parked));
      if (events.length >= mostListed) return events;
    }
  }
  return events;
}

/** The event has waited since it was stored, or since the event before it was parked. */
const asWaiting = (event: EventPlace, { parkedAt: since }: ParkedStream): ParkedEvent => {
  const { time = since } = event;
  return { ...parkedAs(event, null), parkedAt: time > since ? time : since };
};

export const inOrder = (events: readonly ParkedEvent[]): ParkedEvent[] =>
  events.toSorted((a, b) => a.position - b.position);

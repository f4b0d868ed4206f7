import type { Page, ReadOptions, ReadStreamOptions } from "../../core/log/event-log.ts";
import { maxPageBytes, pageBytesOf } from "../../core/log/page-size.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { categoryOf } from "../../core/event/stream-name.ts";
import { toEvent, type StoredEvent } from "./stored-log.ts";

/** Maximum number of events that one page examines, wanted or not. It bounds the duration of a read. */
const eventsPerPage = 10_000;

const sizeOf = ({ stream, type, payload, meta }: StoredEvent) => pageBytesOf(stream, type, payload, meta);

/** The events after number `after` in reading direction, with their numbers. Event n has index n - 1. */
function* beyond(
  events: readonly StoredEvent[],
  after: number,
  backward = false,
): Generator<[event: StoredEvent, number: number]> {
  if (backward) for (let n = Math.min(after - 1, events.length); n > 0; n--) yield [events[n - 1]!, n];
  else for (let n = Math.max(after, 0) + 1; n <= events.length; n++) yield [events[n - 1]!, n];
}

/** Reads a page of the log. The array may grow meanwhile. */
export async function read(
  log: readonly StoredEvent[],
  { after, limit, backward, wanted, category }: ReadOptions,
): Promise<Page> {
  const events: RecordedEvent[] = [];
  let position = after;
  let bytes = 0;
  let seen = 0;
  const pace = new Pace();
  const isEnd = () => (backward ? position <= 1 : position >= log.length);
  for (const [event] of beyond(log, after, backward)) {
    if (seen++ === eventsPerPage) return { events, position, end: isEnd() };
    if (pace.isDue()) await pace.turn();
    if ((!wanted || wanted(event.type)) && (category === undefined || categoryOf(event.stream) === category)) {
      bytes += sizeOf(event);
      if (bytes > maxPageBytes && events.length > 0) return { events, position, end: false };
      events.push(toEvent(event));
    }
    position = event.position;
    if (events.length >= limit) return { events, position, end: isEnd() };
  }
  return { events, position, end: true };
}

/**
 * Reads a page of a stream.
 * @param links the stream's name if it contains links; the versions are then those of the links
 */
export async function readStream(
  stream: readonly StoredEvent[],
  { afterVersion, limit, backward, wanted }: ReadStreamOptions,
  link?: string,
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  let bytes = 0;
  const pace = new Pace();
  for (const [event, version] of beyond(stream, afterVersion, backward)) {
    if (events.length === limit) break;
    if (pace.isDue()) await pace.turn();
    if (wanted && !wanted(event.type)) continue;
    bytes += sizeOf(event) + (link === undefined ? 0 : pageBytesOf(link, "", "", ""));
    if (bytes > maxPageBytes && events.length > 0) break;
    events.push(link === undefined ? toEvent(event) : { ...toEvent(event), link: { stream: link, version } });
  }
  return events;
}

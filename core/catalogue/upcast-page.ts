import { Pace } from "../concurrency/pace.ts";
import type { DamagedEventError } from "../event/damaged-event.ts";
import type { ParkedError } from "../event/parked-error.ts";
import type { PageEvent } from "../event/page-event.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { Catalogue } from "./catalogue.ts";
import { assertKnown, knowsEveryEvent, NewerEventError, newerThan, type NewerEvent } from "./newer-event.ts";
import { isOfToday, upcast } from "./upcast.ts";
import { UpcastFailedError } from "./upcast-error.ts";

/** Why an event does not fit today's catalogue, in a form that can be sent to other nodes. */
export type Unreadable = ParkedError;

/** Consecutive events, one for each position, in the form of a consumer's page. Dropped events are omitted. */
export interface ReadEvents {
  events: PageEvent[];
  /** By id, the reason for each event that cannot be read. The page contains it as it is stored. */
  unreadable?: Record<string, Unreadable>;
}

/** Adds an event that cannot be read to the unreadable ones of its page. */
export function noteUnreadable(
  unreadable: Record<string, Unreadable>,
  error: UpcastFailedError | DamagedEventError,
): void {
  const { name, message, type, code, data } = error;
  unreadable[(data as { id: string }).id] = { name, message, type, code };
}

/** @throws UpcastFailedError or NewerEventError naming the first event that cannot be converted */
export function upcastAll(catalogue: Catalogue, events: RecordedEvent[]): RecordedEvent[] {
  return catalogue.entries.size === 0 ? events : events.flatMap((event) => upcast(catalogue, event));
}

/** The same, yielding to the event loop, since upcasters may be slow. @throws UpcastFailedError, NewerEventError */
export async function upcastInTurns(catalogue: Catalogue, events: RecordedEvent[]): Promise<RecordedEvent[]> {
  if (catalogue.entries.size === 0) return events;
  const pace = new Pace();
  const readable: RecordedEvent[] = [];
  for (const event of events) {
    if (isOfToday(catalogue, event)) readable.push(event);
    else readable.push(...upcast(catalogue, event));
    if (pace.isDue()) await pace.turn();
  }
  return readable;
}

/**
 * Returns events that cannot be converted as they are stored, and their errors by id, in addition to those that are
 * `unreadable` already. Without `isWanted`, events of every type are wanted.
 */
export function upcastEach(
  catalogue: Catalogue,
  { events, unreadable = {} }: ReadEvents,
  isWanted?: (type: string) => boolean,
): ReadEvents {
  const page: ReadEvents = { events };
  if (!knowsEveryEvent(catalogue)) {
    // A page is read by stored types, which may also be read as types that are not wanted.
    const filter = catalogue.readAs.size > 0 ? isWanted : undefined;
    page.events = [];
    for (const event of events) {
      const isRead = !unreadable[event.id] && readInto(page, catalogue, event, unreadable, filter);
      if (!isRead) page.events.push(event);
    }
  }
  if (Object.keys(unreadable).length > 0) page.unreadable = unreadable;
  return page;
}

/** False if the event cannot be read. */
function readInto(
  page: ReadEvents,
  catalogue: Catalogue,
  event: RecordedEvent,
  unreadable: Record<string, Unreadable>,
  isWanted: ((type: string) => boolean) | undefined,
): boolean {
  try {
    // Most events are of today, and cost no array.
    if (isOfToday(catalogue, assertKnown(catalogue, event))) {
      if (!isWanted || isWanted(event.type)) page.events.push(event);
      return true;
    }
    const all = upcast(catalogue, event);
    const parts = isWanted ? all.filter(({ type }) => isWanted(type)) : all;
    const [first] = parts;
    if (!first) return true;
    const isAlone = parts.length === 1 && first.id === event.id;
    page.events.push(isAlone ? first : { ...first, id: event.id, parts });
    return true;
  } catch (error) {
    if (!(error instanceof UpcastFailedError) && !(error instanceof NewerEventError)) throw error;
    noteUnreadable(unreadable, error);
    return false;
  }
}

/** Upcasts the events before the first one of a newer release. A skipped event ends nothing: it is not read. */
export function upcastKnown(
  catalogue: Catalogue,
  { events, unreadable = {} }: ReadEvents,
  isSkipped: (id: string) => boolean,
  isWanted?: (type: string) => boolean,
): ReadEvents & { newer?: NewerEvent } {
  if (knowsEveryEvent(catalogue)) return upcastEach(catalogue, { events, unreadable }, isWanted);
  for (const [index, event] of events.entries()) {
    const newer = isSkipped(event.id) || unreadable[event.id] ? null : newerThan(catalogue, event);
    if (newer) return { ...upcastEach(catalogue, { events: events.slice(0, index), unreadable }, isWanted), newer };
  }
  return upcastEach(catalogue, { events, unreadable }, isWanted);
}

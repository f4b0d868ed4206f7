import { Pace } from "../concurrency/pace.ts";
import type { DamagedEventError } from "../event/damaged-event.ts";
import type { ParkedError } from "../event/parked-error.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { Catalogue } from "./catalogue.ts";
import { assertKnown, knowsEveryEvent, NewerEventError, newerThan, type NewerEvent } from "./newer-event.ts";
import { upcast } from "./upcast.ts";
import { UpcastFailedError } from "./upcast-error.ts";

/** Why an event does not fit today's catalogue, in a form that can be sent to other nodes. */
export type Unreadable = ParkedError;

/** Consecutive events, in the form of a consumer's page. */
export interface ReadEvents {
  events: RecordedEvent[];
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
  return catalogue.entries.size === 0 ? events : events.map((event) => upcast(catalogue, event));
}

/** The same, yielding to the event loop, since upcasters may be slow. @throws UpcastFailedError, NewerEventError */
export async function upcastInTurns(catalogue: Catalogue, events: RecordedEvent[]): Promise<RecordedEvent[]> {
  if (catalogue.entries.size === 0) return events;
  const pace = new Pace();
  const readable: RecordedEvent[] = [];
  for (const event of events) {
    readable.push(upcast(catalogue, event));
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
  const readable = catalogue.entries.size === 0 ? events : [];
  if (catalogue.entries.size > 0)
    for (const event of events) {
      const read = unreadable[event.id] ? event : readOrNote(catalogue, event, unreadable);
      // A pattern may match the stored type of an event that is read as another one.
      const isOther = isWanted && read.type !== event.type;
      if (!isOther || isWanted(read.type)) readable.push(read);
    }
  return Object.keys(unreadable).length > 0 ? { events: readable, unreadable } : { events: readable };
}

function readOrNote(catalogue: Catalogue, event: RecordedEvent, unreadable: Record<string, Unreadable>): RecordedEvent {
  try {
    return upcast(catalogue, assertKnown(catalogue, event));
  } catch (error) {
    if (!(error instanceof UpcastFailedError) && !(error instanceof NewerEventError)) throw error;
    noteUnreadable(unreadable, error);
    return event;
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

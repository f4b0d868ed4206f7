import { isSchemaVersion, schemaVersions, type Catalogue, type CatalogueEntry } from "./catalogue.ts";
import { Pace } from "../concurrency/pace.ts";
import { inWords, safeText } from "../errors/problem.ts";
import { isProblem, toJson, type JsonValue } from "../json/json.ts";
import { ignoreOutcome, isThenable } from "../concurrency/is-thenable.ts";
import type { DamagedEventError } from "../event/damaged-event.ts";
import type { ParkedError } from "../event/parked-error.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import { knowsEveryEvent, NewerEventError, newerThan, placeOf, type NewerEvent } from "./newer-event.ts";
import { UpcastFailedError } from "./upcast-error.ts";

/** Why an event does not fit today's catalogue, in a form that can be sent to other nodes. */
export type Unreadable = ParkedError;

/** Adds an event that cannot be read to the unreadable ones of its page. */
export function noteUnreadable(
  unreadable: Record<string, Unreadable>,
  error: UpcastFailedError | DamagedEventError,
): void {
  const { name, message, type, code, data } = error;
  unreadable[(data as { id: string }).id] = { name, message, type, code };
}

/** Whether an event needs no upcasting. */
export function isOfToday({ entries }: Catalogue, { type, meta }: Pick<RecordedEvent, "type" | "meta">): boolean {
  const entry = entries.get(type);
  return !entry || (meta["schemaVersion"] ?? 1) === entry.schemaVersion;
}

/**
 * Converts an event to today's payload and schema version. Returns the event itself if it has today's version or its
 * type has no entry; otherwise returns a new event.
 * @throws UpcastFailedError, NewerEventError
 */
export function upcast(catalogue: Catalogue, event: RecordedEvent): RecordedEvent {
  if (isOfToday(catalogue, event)) return event;
  const entry = catalogue.entries.get(event.type)!;
  const { value } = upcastPayload(entry, event);
  return {
    ...event,
    payload: value as RecordedEvent["payload"],
    meta: { ...event.meta, schemaVersion: entry.schemaVersion },
  };
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
 * `unreadable` already.
 */
export function upcastEach(
  catalogue: Catalogue,
  events: RecordedEvent[],
  unreadable: Record<string, Unreadable> = {},
): { events: RecordedEvent[]; unreadable?: Record<string, Unreadable> } {
  const toReadable = (event: RecordedEvent) => {
    if (unreadable[event.id]) return event;
    try {
      return upcast(catalogue, assertKnown(catalogue, event));
    } catch (error) {
      if (!(error instanceof UpcastFailedError) && !(error instanceof NewerEventError)) throw error;
      noteUnreadable(unreadable, error);
      return event;
    }
  };
  const readable = catalogue.entries.size === 0 ? events : events.map(toReadable);
  return Object.keys(unreadable).length > 0 ? { events: readable, unreadable } : { events: readable };
}

/** @throws NewerEventError also for an unknown type, if the catalogue refuses those */
export function assertKnown(catalogue: Catalogue, event: RecordedEvent): RecordedEvent {
  const newer = newerThan(catalogue, event);
  if (newer) throw new NewerEventError(newer);
  return event;
}

/** Consecutive events, in the form of a consumer's page. */
interface Stretch {
  events: RecordedEvent[];
  unreadable?: Record<string, Unreadable>;
}

/** Upcasts the events before the first one of a newer release. A skipped event ends nothing: it is not read. */
export function upcastKnown(
  catalogue: Catalogue,
  { events, unreadable = {} }: Stretch,
  isSkipped: (id: string) => boolean,
): Stretch & { newer?: NewerEvent } {
  if (knowsEveryEvent(catalogue)) return upcastEach(catalogue, events, unreadable);
  for (const [index, event] of events.entries()) {
    const newer = isSkipped(event.id) || unreadable[event.id] ? null : newerThan(catalogue, event);
    if (newer) return { ...upcastEach(catalogue, events.slice(0, index), unreadable), newer };
  }
  return upcastEach(catalogue, events, unreadable);
}

/**
 * Applies the upcasters from the event's version to today's.
 * @throws UpcastFailedError, NewerEventError
 */
export function upcastPayload(entry: CatalogueEntry, event: RecordedEvent): JsonValue {
  const stored = event.meta["schemaVersion"] ?? 1;
  const fail = (why: string, cause?: unknown) => new UpcastFailedError(event, stored, why, cause);
  if (!isSchemaVersion(stored)) throw fail(`its schema version is not ${schemaVersions}`);
  if (stored > entry.schemaVersion) throw new NewerEventError({ ...placeOf(event), schemaVersion: stored });
  // A copy, so that an upcaster cannot change the stored event.
  let json = toJson("payload", event.payload);
  for (let from = stored; from < entry.schemaVersion && !isProblem(json); from++) {
    const upcaster = entry.upcasters.get(from);
    if (!upcaster) throw fail(`the catalogue has no upcaster from version ${from} to ${from + 1}`);
    const payload = json.value as RecordedEvent["payload"];
    let answer: unknown;
    try {
      answer = upcaster(payload, { ...event, payload, meta: { ...event.meta } });
    } catch (error) {
      throw fail(`the upcaster from version ${from} threw ${safeText(error)}`, error);
    }
    if (isThenable(answer)) {
      ignoreOutcome(answer);
      throw fail(`the upcaster from version ${from} returned a promise, expected a payload`);
    }
    json = toJson("payload", answer);
  }
  const checked = isProblem(json) ? [json] : entry.checkStored("", json);
  if (Array.isArray(checked))
    throw fail(`its payload does not fit version ${entry.schemaVersion}: ${inWords(checked)}`);
  return checked;
}

import { isSchemaVersion, schemaVersions, type Catalogue, type CatalogueEntry } from "./catalogue.ts";
import { inWords, safeText } from "../errors/problem.ts";
import { isProblem, toJson, type JsonValue } from "../json/json.ts";
import { ignoreOutcome, isThenable } from "../concurrency/is-thenable.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import { NewerEventError, placeOf } from "./newer-event.ts";
import { UpcastFailedError } from "./upcast-error.ts";

/** Whether an event needs no upcasting. */
export function isOfToday({ stored }: Catalogue, { type, meta }: Pick<RecordedEvent, "type" | "meta">): boolean {
  const entry = stored.get(type);
  return !entry || ((meta["schemaVersion"] ?? 1) === entry.schemaVersion && type === entry.type);
}

/**
 * Converts an event to today's type, payload and schema version. Returns the event itself if it has today's version or
 * its type has no entry; otherwise returns a new event.
 * @throws UpcastFailedError, NewerEventError
 */
export function upcast(catalogue: Catalogue, event: RecordedEvent): RecordedEvent {
  if (isOfToday(catalogue, event)) return event;
  const entry = catalogue.stored.get(event.type)!;
  const { value } = upcastPayload(entry, event);
  return {
    ...event,
    type: entry.type,
    payload: value as RecordedEvent["payload"],
    meta: { ...event.meta, schemaVersion: entry.schemaVersion },
  };
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

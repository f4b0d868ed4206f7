import { isDeepStrictEqual } from "node:util";
import { isSchemaVersion, type Catalogue, type CatalogueEntry } from "./catalogue.ts";
import type { Problem } from "../errors/problem.ts";
import { isProblem, toJson, type JsonValue } from "../json/json.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import { upcastPayload } from "./upcast.ts";
import { UpcastFailedError } from "./upcast-error.ts";

/** The payload to store. */
interface Checked {
  body: JsonValue;
  isSameToday?: (stored: RecordedEvent) => boolean;
}

/**
 * Checks an event before it is stored. The stored payload is the one that the schema sanitises. An older writer names
 * an older version in `meta.schemaVersion`: its payload is upcast and checked, then stored as sent.
 */
export function checkAgainst(
  catalogue: Catalogue,
  at: string,
  event: Pick<RecordedEvent, "id" | "type" | "stream" | "meta">,
  sent: JsonValue,
): Checked | Problem[] {
  const { entries, stored, unknownTypes } = catalogue;
  const { type, meta } = event;
  // An older writer may use a former name, which is stored as sent.
  const entry = stored.get(type);
  if (!entry) {
    if (unknownTypes === "accept") return { body: sent };
    const expected = `a type of the catalogue: ${[...entries.keys()].join(", ")}`;
    return [{ field: `${at}.type`, found: type, expected }];
  }
  const { schemaVersion = entry.schemaVersion } = meta;
  if (!isSchemaVersion(schemaVersion) || schemaVersion > entry.schemaVersion) {
    const expected =
      entry.schemaVersion === 1
        ? "1, the catalogue's version"
        : `a whole number from 1 to ${entry.schemaVersion}, the catalogue's version`;
    return [{ field: `${at}.meta.schemaVersion`, found: schemaVersion, expected }];
  }
  const isOlder = schemaVersion < entry.schemaVersion;
  const today = isOlder ? olderToday(entry, at, event, sent) : entry.check(at, sent);
  if (Array.isArray(today)) return today;
  return { body: isOlder ? sent : today, isSameToday: sameToday(catalogue, entry, today.value) };
}

/** The payload of an event that was decided but not stored yet, as it will be stored, or why it will be refused. */
export function payloadToStore(
  catalogue: Catalogue,
  at: string,
  stream: string,
  { type, payload, meta }: { type: string; payload: unknown; meta?: Record<string, unknown> | undefined },
): JsonValue | Problem[] {
  const sent = toJson(`${at}.payload`, payload);
  if (isProblem(sent)) return [sent];
  // Neither id nor ids of the request are known before it is stored.
  const event = { id: "", type, stream, meta: { ...meta, correlationId: "", causationId: "" } };
  const checked = checkAgainst(catalogue, at, event, sent);
  return Array.isArray(checked) ? checked : checked.body;
}

function olderToday(
  entry: CatalogueEntry,
  at: string,
  event: Pick<RecordedEvent, "id" | "type" | "stream" | "meta">,
  { value }: JsonValue,
): JsonValue | Problem[] {
  const payload = value as RecordedEvent["payload"];
  try {
    return upcastPayload(entry, { ...event, payload, version: 0, position: 0, time: new Date().toISOString() });
  } catch (error) {
    if (!(error instanceof UpcastFailedError)) throw error;
    const { schemaVersion, why } = error.data as { schemaVersion: number; why: string };
    const expected = `a payload of schema version ${schemaVersion} that can be brought to version ${entry.schemaVersion} (${why})`;
    return [{ field: `${at}.payload`, found: value, expected }];
  }
}

/**
 * A repeated append may find an event that was stored, and sanitised, under an older schema. Both are compared in
 * today's version. @throws NewerEventError if a newer release has stored it
 */
const sameToday = (catalogue: Catalogue, entry: CatalogueEntry, payload: unknown) => (stored: RecordedEvent) => {
  try {
    const isSameType = catalogue.stored.get(stored.type) === entry;
    return isSameType && isDeepStrictEqual(upcastPayload(entry, stored).value, payload);
  } catch (error) {
    if (error instanceof UpcastFailedError) return false;
    throw error;
  }
};

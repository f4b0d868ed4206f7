import { isDeepStrictEqual } from "node:util";
import { isSchemaVersion, type Catalogue, type CatalogueEntry } from "./catalogue.ts";
import type { Problem } from "../errors/problem.ts";
import { isProblem, toJson, type JsonValue } from "../json/json.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import { isOfToday, todaysPayloads, type TodaysPayload } from "./upcast.ts";
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
  if (schemaVersion < entry.schemaVersion) {
    const older = olderToday(catalogue, entry, at, event, sent);
    return "problem" in older ? [older.problem] : { body: sent, isSameToday: sameToday(catalogue, older.today) };
  }
  const body = entry.check(at, sent);
  if (Array.isArray(body)) return body;
  return { body, isSameToday: sameToday(catalogue, [{ entry, payload: body.value }]) };
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
  catalogue: Catalogue,
  entry: CatalogueEntry,
  at: string,
  event: Pick<RecordedEvent, "id" | "type" | "stream" | "meta">,
  { value }: JsonValue,
): { today: TodaysPayload[] } | { problem: Problem } {
  const payload = value as RecordedEvent["payload"];
  const stored = { ...event, payload, version: 0, position: 0, time: new Date().toISOString() };
  try {
    return { today: todaysPayloads(catalogue, stored) };
  } catch (error) {
    if (!(error instanceof UpcastFailedError)) throw error;
    const { schemaVersion, why } = error.data as { schemaVersion: number; why: string };
    const expected = `a payload of schema version ${schemaVersion} that can be brought to version ${entry.schemaVersion} (${why})`;
    return { problem: { field: `${at}.payload`, found: value, expected } };
  }
}

/**
 * A repeated append may find an event that was stored, and sanitised, under an older schema. Both are compared in
 * today's version. @throws NewerEventError if a newer release has stored it
 */
const sameToday = (catalogue: Catalogue, today: TodaysPayload[]) => (stored: RecordedEvent) => {
  try {
    const { type, payload } = stored;
    if (!catalogue.stored.has(type)) return false;
    // Without another check: the output of a Standard Schema may be none of its inputs.
    if (isOfToday(catalogue, stored) && isDeepStrictEqual([[type, payload]], contentOf(today))) return true;
    return isDeepStrictEqual(contentOf(todaysPayloads(catalogue, stored)), contentOf(today));
  } catch (error) {
    if (error instanceof UpcastFailedError) return false;
    throw error;
  }
};

const contentOf = (today: TodaysPayload[]) => today.map(({ entry: { type }, payload }) => [type, payload]);

import { emptyCatalogue, type Catalogue } from "./catalogue.ts";
import { checkAgainst } from "./catalogue-check.ts";
import { EventTooLargeError } from "./errors.ts";
import { eventIdOfKey, isEventId, newEventId } from "./event-id.ts";
import { isProblem, toJson, type JsonValue } from "./json.ts";
import type { Problem } from "./problem.ts";
import type { EventMeta, RecordedEvent } from "./recorded-event.ts";
import { isReserved, nameProblem } from "./stream-name.ts";

/** An event as a caller hands it to `append`. */
export interface EventInput {
  /** A UUID. Sending the same id again stores once. */
  id?: string | undefined;
  type: string;
  /** Any JSON value. */
  payload: unknown;
  /** The caller's own fields; `correlationId` and `causationId` are filled in where they are missing. */
  meta?: Record<string, unknown> | undefined;
}

/** An event that passed every check; its JSON is written once, here. */
export interface NewEvent {
  id: string;
  /** The id was made here and now, so no log can know it yet. */
  fresh: boolean;
  type: string;
  payload: unknown;
  meta: EventMeta;
  payloadText: string;
  metaText: string;
  /** When it happened, where that was not now: of an import. ISO 8601, UTC, milliseconds; see `eventTime`. */
  time?: string;
  /** Where the catalogue knows the type: whether a stored event is, read with today's catalogue, the same as this one. */
  isSameToday?: (stored: RecordedEvent) => boolean;
}

export interface EventContext {
  correlationId: string;
  causationId: string;
  /** How many events stand behind the call; left out, none. */
  causationDepth?: number;
  maxEventBytes: number;
  /** Left out: every type and payload is accepted. */
  catalogue?: Catalogue;
  /** The framework's own events: their names begin with `$`, as no others do. */
  isSystem?: boolean;
}

/** Null where it noted problems. @throws EventTooLargeError */
export function toNewEvent(
  input: EventInput,
  index: number,
  key: string | undefined,
  stream: string,
  context: EventContext,
  problems: Problem[],
): NewEvent | null {
  const field = `events.${index}`;
  const before = problems.length;
  const note = (problem: Problem | null) => void (problem && problems.push(problem));
  const accept = (json: JsonValue | Problem): JsonValue | null => {
    if (!isProblem(json)) return json;
    problems.push(json);
    return null;
  };

  if (input === null || typeof input !== "object") {
    note({
      field,
      found: input,
      expected: "an event: {type, payload, id?, meta?}",
    });
    return null;
  }
  const { id, type, payload, meta } = input;
  note(ownNameProblem(`${field}.type`, type, context.isSystem));
  if (typeof type === "string" && /[*?]/.test(type))
    note({
      field: `${field}.type`,
      found: type,
      expected: "a name without wildcards",
    });
  const hasId = id !== undefined && id !== null;
  if (hasId && !isEventId(id)) note({ field: `${field}.id`, found: id, expected: "a UUID" });
  // The ids of a keyed append follow from the key: with others among them a smaller append would look like a repeat.
  else if (hasId && key !== undefined)
    note({ field: `${field}.id`, found: id, expected: "none beside a key, which names the events" });
  if (meta !== undefined && (meta === null || typeof meta !== "object" || Array.isArray(meta)))
    note({ field: `${field}.meta`, found: meta, expected: "an object" });
  for (const own of ["correlationId", "causationId"] as const)
    if (meta?.[own] !== undefined && typeof meta[own] !== "string")
      note({
        field: `${field}.meta.${own}`,
        found: meta[own],
        expected: "a string",
      });

  const sent = accept(toJson(`${field}.payload`, payload));
  const { catalogue = emptyCatalogue } = context;
  const { version: schemaVersion } = catalogue.entries.get(type) ?? {};
  const header = accept(
    toJson(`${field}.meta`, {
      ...meta,
      ...(schemaVersion !== undefined && meta?.["schemaVersion"] === undefined && { schemaVersion }),
      correlationId: meta?.["correlationId"] ?? context.correlationId,
      causationId: meta?.["causationId"] ?? context.causationId,
      ...(context.causationDepth && { causationDepth: context.causationDepth }),
    }),
  );
  if (!sent || !header || problems.length > before) return null;
  const newId = id?.toLowerCase() ?? (key === undefined ? newEventId() : eventIdOfKey(key, index));
  const event = { id: newId, type, stream, meta: header.value as EventMeta };
  const checked = checkAgainst(catalogue, field, event, sent);
  if (Array.isArray(checked)) {
    problems.push(...checked);
    return null;
  }
  const { body, isSameToday } = checked;
  refuseTooLarge(field, body.text, header.text, context.maxEventBytes);
  return {
    fresh: !id && key === undefined,
    id: newId,
    type,
    payload: body.value,
    meta: event.meta,
    payloadText: body.text,
    metaText: header.text,
    ...(isSameToday && { isSameToday }),
  };
}

export function ownNameProblem(field: string, name: unknown, isSystem = false): Problem | null {
  const problem = nameProblem(field, name);
  if (problem || isReserved(name as string) === isSystem) return problem;
  const expected = isSystem
    ? 'a name that begins with "$"'
    : 'a name that does not begin with "$", which the framework keeps for itself';
  return { field, found: name, expected };
}

function refuseTooLarge(field: string, payloadText: string, metaText: string, maxEventBytes: number): void {
  // A UTF-16 unit is at most 3 bytes of UTF-8, so most events need no count.
  if ((payloadText.length + metaText.length) * 3 <= maxEventBytes) return;
  const bytes = Buffer.byteLength(payloadText) + Buffer.byteLength(metaText);
  if (bytes > maxEventBytes) throw new EventTooLargeError(field, bytes, maxEventBytes);
}

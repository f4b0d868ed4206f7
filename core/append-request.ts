import { aheadProblem, type Ahead } from "./decider/ahead.ts";
import { emptyCatalogue, type Catalogue } from "./catalogue.ts";
import { checkAgainst } from "./catalogue-check.ts";
import type { ScopedClaims } from "./claims.ts";
import { claimProblems } from "./claims-input.ts";
import { EventTooLargeError, ValidationError, type Problem } from "./errors.ts";
import { eventIdOfKey, isEventId, newEventId } from "./event-id.ts";
import { expectedVersionProblem, type ExpectedVersion } from "./expected-version.ts";
import { isProblem, toJson, type JsonValue } from "./json.ts";
import type { EventMeta, RecordedEvent } from "./recorded-event.ts";
import { pageBytesOf } from "./page-size.ts";
import { isReserved, nameProblem } from "./stream-name.ts";

const maxEvents = 10_000;
const maxKeyCharacters = 1000;

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

export interface AppendInput {
  stream: string;
  /** 1 to 10,000; stored all together or not at all. */
  events: EventInput[];
  expectedVersion?: ExpectedVersion | undefined;
  /** Names this append: sent again with the same key, it stores once. For events without an `id` of their own. */
  key?: string | undefined;
  /** What its events take and give back of values that must be unique; a decider says it. */
  claims?: readonly ScopedClaims[] | undefined;
  /** A decider says it that does not wait for each commit. */
  ahead?: Ahead | undefined;
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

/** One append as an engine gets it: valid, with ids, ready to be stored beside others in one commit. */
export interface AppendRequest {
  stream: string;
  expectedVersion: ExpectedVersion;
  events: NewEvent[];
  /** The id that the event after the last would have under the same key: if it is known, the key was used for more events. */
  idAfterLast: string | null;
  /** Stored only if the request before it in the same commit is: else it gets that one's error. */
  continues?: boolean;
  /** Stored only if this one, before it in the same commit, is: now, and not before. Else it is refused with SentAheadError. */
  follows?: AppendRequest;
  claims?: readonly ScopedClaims[];
}

export interface AppendContext {
  correlationId: string;
  causationId: string;
  /** How many events stand behind the call; left out, none. */
  causationDepth?: number;
  maxEventBytes: number;
  /** The most that the answer's events may take in one message; left out, any. */
  maxAnswerBytes?: number;
  /** Left out: every type and payload is accepted. */
  catalogue?: Catalogue;
  /** The framework's own events: their names begin with `$`, as no others do. */
  isSystem?: boolean;
}

/**
 * Checks everything that can be checked without the log, and fills in ids and meta.
 * @throws ValidationError with every problem found; EventTooLargeError.
 */
export function toAppendRequest(input: AppendInput, context: AppendContext): AppendRequest {
  if (input === null || typeof input !== "object")
    throw new ValidationError([
      { field: "params", found: input, expected: "{stream, events, expectedVersion?, key?}" },
    ]);
  const { stream, events, expectedVersion = "any", key, claims, ahead } = input;
  const problems: Problem[] = [];
  const note = (problem: Problem | null) => void (problem && problems.push(problem));

  note(ownNameProblem("stream", stream, context.isSystem));
  note(expectedVersionProblem(expectedVersion));
  const isKey =
    key === undefined ||
    (typeof key === "string" && key !== "" && key.length <= maxKeyCharacters && key.isWellFormed());
  if (!isKey)
    note({
      field: "key",
      found: key,
      expected: `a string of 1 to ${maxKeyCharacters} characters`,
    });
  if (claims !== undefined) problems.push(...claimProblems(claims));
  if (ahead !== undefined) note(aheadProblem(ahead));
  if (!Array.isArray(events) || events.length === 0 || events.length > maxEvents) {
    note({
      field: "events",
      found: events,
      expected: `an array of 1 to ${maxEvents} events`,
    });
    throw new ValidationError(problems);
  }

  // Array.from visits holes as well, which would otherwise reach the commit.
  const accepted = Array.from(events, (event, index) =>
    toNewEvent(event, index, isKey ? key : undefined, stream, context, problems),
  );
  if (accepted.length > 1) noteTwins(accepted, problems);
  if (problems.length > 0) throw new ValidationError(problems);
  refuseTooLargeAnswer(stream, accepted as NewEvent[], context.maxAnswerBytes);
  return {
    stream,
    expectedVersion,
    events: accepted as NewEvent[],
    idAfterLast: key === undefined ? null : eventIdOfKey(key, events.length),
    ...(claims && { claims }),
  };
}

function toNewEvent(
  input: EventInput,
  index: number,
  key: string | undefined,
  stream: string,
  context: AppendContext,
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

function noteTwins(events: (NewEvent | null)[], problems: Problem[]): void {
  const seen = new Map<string, number>();
  events.forEach((event, index) => {
    if (!event) return;
    const twin = seen.get(event.id);
    if (twin !== undefined)
      problems.push({
        field: `events.${index}.id`,
        found: event.id,
        expected: `an id that events.${twin} does not have`,
      });
    seen.set(event.id, index);
  });
}

/** Stored, but not answered, an append would look like one that failed, and fail again when it is sent again. */
function refuseTooLargeAnswer(stream: string, events: readonly NewEvent[], most = Infinity): void {
  if (most === Infinity || events.length === 1) return;
  let bytes = 0;
  for (const { type, payloadText, metaText } of events) bytes += pageBytesOf(stream, type, payloadText, metaText);
  if (bytes > most) throw new EventTooLargeError("events", bytes, most);
}

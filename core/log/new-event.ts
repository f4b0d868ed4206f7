import { emptyCatalogue, isSchemaVersion, type Catalogue } from "../catalogue/catalogue.ts";
import type { CommandTag } from "./command-tag.ts";
import { checkAgainst } from "../catalogue/catalogue-check.ts";
import { EventTooLargeError } from "../errors/errors.ts";
import { eventIdOfKey, isEventId, newEventId } from "../event/event-id.ts";
import { isOversize, isProblem, maxCharacters, toJson, type JsonValue } from "../json/json.ts";
import type { Problem } from "../errors/problem.ts";
import type { EventMeta, RecordedEvent } from "../event/recorded-event.ts";
import { isReserved, nameProblem } from "../event/stream-name.ts";
import { unknownFields } from "../options/unknown-fields.ts";

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
  idWasGenerated: boolean;
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
  /** The command that the events come from. */
  command?: CommandTag;
  /** They were stored before: their meta holds what a store has written into it. */
  isRecorded?: boolean;
}

const known = ["id", "type", "payload", "meta"];
/** What is over the limit by more is refused without a look at the rest; up to it the size is told exactly. */
const timesStored = 2;
/** The same where a schema may remove what it does not know, and only then is the size of the event known. */
const timesSanitised = 16;

/** Of a recorded event that is appended again. */
const assigned = "no such field: the store assigns it";
const reasons = {
  stream: "no such field: the append names the stream of its events",
  version: assigned,
  position: assigned,
  time: assigned,
  link: assigned,
};

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
  const given = parseEvent(field, input, key !== undefined, context, problems);
  if (!given || problems.length > before) return null;
  const { id, type, sent, header } = given;
  const { catalogue = emptyCatalogue, maxEventBytes } = context;
  const newId = id?.toLowerCase() ?? (key === undefined ? newEventId() : eventIdOfKey(key, index));
  const event = { id: newId, type, stream, meta: header.value as EventMeta };
  const checked = checkAgainst(catalogue, field, event, sent);
  if (Array.isArray(checked)) {
    // Not spread: each wrong item of a long array is one.
    for (const problem of checked) problems.push(problem);
    return null;
  }
  const { body, isSameToday } = checked;
  refuseTooLarge(field, body.text, header.text, maxEventBytes);
  return {
    idWasGenerated: !id && key === undefined,
    id: newId,
    type,
    payload: body.value,
    meta: event.meta,
    payloadText: body.text,
    metaText: header.text,
    ...(isSameToday && { isSameToday }),
  };
}

/** An event's own fields, each checked by itself. */
interface GivenEvent {
  id: string | null | undefined;
  type: string;
  sent: JsonValue;
  header: JsonValue;
}

function parseEvent(
  field: string,
  input: unknown,
  hasKey: boolean,
  context: EventContext,
  problems: Problem[],
): GivenEvent | null {
  const note = (problem: Problem | null) => void (problem && problems.push(problem));
  const event = readEvent(field, input);
  if (!event) {
    note({ field, found: input, expected: "an event: {type, payload, id?, meta?}" });
    return null;
  }
  const { id, type, payload, meta } = event;
  const accept = (at: string, value: unknown): JsonValue | null => {
    const { maxEventBytes, catalogue } = context;
    const times = catalogue?.entries.has(type as string) ? timesSanitised : timesStored;
    const json = toJson(at, value, Math.min(times * maxEventBytes, maxCharacters));
    if (!isProblem(json)) return json;
    if (isOversize(json)) throw new EventTooLargeError(field, json.atLeast, maxEventBytes, true);
    problems.push(json);
    return null;
  };
  problems.push(...event.unknown);
  note(ownNameProblem(`${field}.type`, type, context.isSystem));
  if (typeof type === "string" && /[*?]/.test(type))
    note({ field: `${field}.type`, found: type, expected: "a name without wildcards" });
  note(idProblem(`${field}.id`, id, hasKey));
  const own = meta === undefined ? {} : objectOf(`${field}.meta`, meta, accept, note);
  for (const name of ["correlationId", "causationId"] as const)
    if (own?.[name] !== undefined && typeof own[name] !== "string")
      note({ field: `${field}.meta.${name}`, found: own[name], expected: "a string" });
  const isKnown = context.catalogue?.entries.has(type as string) === true;
  if (own && context.isRecorded !== true) problems.push(...assignedProblems(`${field}.meta`, own, isKnown));
  const sent = accept(`${field}.payload`, payload);
  const header = own && accept(`${field}.meta`, headerOf(own, type, context));
  return sent && header && { id: id as string | null | undefined, type: type as string, sent, header };
}

/** Null for what is no object, or throws when it is read. */
function readEvent(field: string, input: unknown) {
  try {
    if (input === null || typeof input !== "object") return null;
    const { id, type, payload, meta } = input as Partial<Record<keyof EventInput, unknown>>;
    return { id, type, payload, meta, unknown: unknownFields(field, input, known, reasons) };
  } catch {
    return null;
  }
}

function idProblem(field: string, id: unknown, hasKey: boolean): Problem | null {
  if (id === undefined || id === null) return null;
  if (!isEventId(id)) return { field, found: id, expected: "a UUID" };
  // The ids of a keyed append follow from the key: with others among them a smaller append would look like a repeat.
  return hasKey ? { field, found: id, expected: "none beside a key, which names the events" } : null;
}

/** The caller's meta as JSON keeps it; null where it noted a problem. */
function objectOf(
  field: string,
  meta: unknown,
  accept: (at: string, value: unknown) => JsonValue | null,
  note: (problem: Problem) => void,
): Record<string, unknown> | null {
  const json = accept(field, meta);
  if (!json) return null;
  const { value } = json;
  if (value !== null && typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  note({ field, found: meta, expected: "an object" });
  return null;
}

/**
 * What the caller's own meta may not say: the depth ends circles of process managers, the command tells a repeated
 * command from another one, and an event whose schema version is none could not be read once its type is in the catalogue.
 * Of a type that is in it, the catalogue checks the version.
 */
function assignedProblems(field: string, own: Record<string, unknown>, isKnown: boolean): Problem[] {
  const problems = (["causationDepth", "command"] as const)
    .filter((name) => own[name] !== undefined)
    .map((name) => ({ field: `${field}.${name}`, found: own[name], expected: "none: the store assigns it" }));
  const { schemaVersion } = own;
  if (isKnown || schemaVersion === undefined || isSchemaVersion(schemaVersion)) return problems;
  return [...problems, { field: `${field}.schemaVersion`, found: schemaVersion, expected: "a whole number from 1" }];
}

function headerOf(own: Record<string, unknown>, type: unknown, context: EventContext): object {
  const { catalogue = emptyCatalogue, causationDepth, command } = context;
  const { version: schemaVersion } = catalogue.entries.get(type as string) ?? {};
  return {
    ...own,
    ...(schemaVersion !== undefined && own["schemaVersion"] === undefined && { schemaVersion }),
    correlationId: own["correlationId"] ?? context.correlationId,
    causationId: own["causationId"] ?? context.causationId,
    ...(causationDepth && { causationDepth }),
    ...(command && { command }),
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

import { emptyCatalogue, type Catalogue } from "../catalogue/catalogue.ts";
import type { CommandTag } from "./command-tag.ts";
import { checkAgainst } from "../catalogue/catalogue-check.ts";
import { EventTooLargeError } from "../errors/errors.ts";
import { derivedEventId, isEventId, newEventId } from "../event/event-id.ts";
import { isOversize, maxCharacters, toJson, type JsonValue } from "../json/json.ts";
import type { Problem } from "../errors/problem.ts";
import type { EventMeta, RecordedEvent } from "../event/recorded-event.ts";
import { nameProblem } from "../event/stream-name.ts";
import { reserved } from "../options/reserved.ts";
import { assignedProblems } from "./assigned-meta.ts";
import { unknownFields } from "../options/unknown-fields.ts";

/** An event as a caller passes it to `append`. */
export interface EventInput {
  /** A UUID, for an event that has one already. An event that is sent again with the same id is stored once. */
  id?: string | undefined;
  type: string;
  /** Any JSON value. */
  payload: unknown;
  /** The caller's own fields. Missing `correlationId` and `causationId` are added. */
  meta?: Record<string, unknown> | undefined;
}

/** A checked event, with its JSON, which is written only once. */
export interface NewEvent {
  id: string;
  /** The id was generated for this append, so no log can contain it yet. */
  idWasGenerated: boolean;
  type: string;
  payload: unknown;
  meta: EventMeta;
  payloadText: string;
  metaText: string;
  /** The time of an imported event. ISO 8601, UTC, milliseconds; see `eventTime`. */
  time?: string;
  /**
   * Present if the type has a catalogue entry: whether a stored event, upcast to today's version, has the same type and payload.
   */
  isSameToday?: (stored: RecordedEvent) => boolean;
}

export interface EventContext {
  correlationId: string;
  causationId: string;
  /** How many events led to the call. Default: none. */
  causationDepth?: number | undefined;
  maxEventBytes: number;
  /** Default: every type and payload is accepted. */
  catalogue?: Catalogue;
  /** Events of the framework: only their names begin with `$`. */
  isSystem?: boolean;
  /** Fields that the store adds to meta; those of an event take precedence. */
  storeMeta?: Record<string, unknown> | undefined;
  /** The command that the events result from. */
  command?: CommandTag | undefined;
  /** The events were stored before: their meta contains fields that a store assigned. */
  isRecorded?: boolean;
}

const known = ["id", "type", "payload", "meta"];
/**
 * An event that exceeds the limit by this factor is rejected without reading the rest; below it, the error has the
 * exact size.
 */
const timesStored = 2;
/** The same for a type with a schema, which may remove unknown fields: the stored size is known only then. */
const timesSanitised = 16;

/** Fields of a recorded event that a caller appends again. */
const assigned = "no such field: the store assigns it";
const reasons = {
  tags: reserved,
  stream: "no such field: the append names the stream of its events",
  version: assigned,
  position: assigned,
  time: assigned,
  link: assigned,
};

/** Returns null if it added problems. @throws EventTooLargeError */
export function toNewEvent(
  input: EventInput,
  index: number,
  commandId: string | undefined,
  stream: string,
  context: EventContext,
  problems: Problem[],
): NewEvent | null {
  const field = `events.${index}`;
  const before = problems.length;
  const given = parseEvent(field, input, commandId !== undefined, context, problems);
  if (!given || problems.length > before) return null;
  const { id, type, sent, header } = given;
  const { catalogue = emptyCatalogue, maxEventBytes } = context;
  const newId = id?.toLowerCase() ?? (commandId === undefined ? newEventId() : derivedEventId(commandId, index));
  const event = { id: newId, type, stream, meta: header.value as EventMeta };
  const checked = checkAgainst(catalogue, field, event, sent);
  if (Array.isArray(checked)) {
    // Not spread: a long array may have more problems than a call may have arguments.
    for (const problem of checked) problems.push(problem);
    return null;
  }
  const { body, isSameToday } = checked;
  // A UTF-16 unit is at most 3 bytes of UTF-8, so most events need no count.
  if ((body.text.length + header.text.length) * 3 > maxEventBytes) {
    const bytes = Buffer.byteLength(body.text) + Buffer.byteLength(header.text);
    if (bytes > maxEventBytes) throw new EventTooLargeError(field, bytes, maxEventBytes);
  }
  return {
    idWasGenerated: !id && commandId === undefined,
    id: newId,
    type,
    payload: body.value,
    meta: event.meta,
    payloadText: body.text,
    metaText: header.text,
    ...(isSameToday && { isSameToday }),
  };
}

/** An event's own fields, each checked separately. */
interface GivenEvent {
  id: string | null | undefined;
  type: string;
  sent: JsonValue;
  header: JsonValue;
}

function parseEvent(
  field: string,
  input: unknown,
  hasCommandId: boolean,
  context: EventContext,
  problems: Problem[],
): GivenEvent | null {
  const event = readEvent(field, input);
  if (!event) {
    problems.push({ field, found: input, expected: "an event: {type, payload, id?, meta?}" });
    return null;
  }
  const { id, type, payload, meta } = event;
  const accept = (at: string, value: unknown): JsonValue | null => {
    const { maxEventBytes, catalogue } = context;
    const times = catalogue?.stored.has(type as string) ? timesSanitised : timesStored;
    const json = toJson(at, value, Math.min(times * maxEventBytes, maxCharacters));
    if ("text" in json) return json;
    if (isOversize(json)) throw new EventTooLargeError(field, json.atLeast, maxEventBytes, true);
    problems.push(json);
    return null;
  };
  const isWild = typeof type === "string" && /[*?]/.test(type);
  const checks = [
    ...event.unknown,
    ownNameProblem(`${field}.type`, type, context.isSystem),
    isWild ? { field: `${field}.type`, found: type, expected: "a name without wildcards" } : null,
    id === undefined || id === null ? null : idProblem(`${field}.id`, id, hasCommandId),
  ];
  for (const problem of checks) if (problem) problems.push(problem);
  const own = meta === undefined ? {} : metaOf(`${field}.meta`, meta, type, accept, context, problems);
  const sent = accept(`${field}.payload`, payload);
  const header = own && accept(`${field}.meta`, headerOf(own, type, context));
  return sent && header && { id: id as string | null | undefined, type: type as string, sent, header };
}

/** Null if the input is not an object or throws when it is read. */
function readEvent(field: string, input: unknown) {
  try {
    if (input === null || typeof input !== "object") return null;
    const { id, type, payload, meta } = input as Partial<Record<keyof EventInput, unknown>>;
    return { id, type, payload, meta, unknown: unknownFields(field, input, known, reasons) };
  } catch {
    return null;
  }
}

function idProblem(field: string, id: unknown, hasCommandId: boolean): Problem | null {
  if (!isEventId(id)) return { field, found: id, expected: "a UUID" };
  // The ids are derived from the command id: with others among them, a smaller append would look like a repeat.
  return hasCommandId ? { field, found: id, expected: "none beside a command id, which names the events" } : null;
}

/** The caller's meta as JSON; null if it is no object. */
function metaOf(
  field: string,
  meta: unknown,
  type: unknown,
  accept: (at: string, value: unknown) => JsonValue | null,
  { catalogue, isRecorded }: EventContext,
  problems: Problem[],
): Record<string, unknown> | null {
  const json = accept(field, meta);
  if (!json) return null;
  if (json.value === null || typeof json.value !== "object" || Array.isArray(json.value)) {
    problems.push({ field, found: meta, expected: "an object" });
    return null;
  }
  const own = json.value as Record<string, unknown>;
  for (const name of ["correlationId", "causationId"] as const)
    if (own[name] !== undefined && typeof own[name] !== "string")
      problems.push({ field: `${field}.${name}`, found: own[name], expected: "a string" });
  const isKnown = catalogue?.stored.has(type as string) === true;
  if (isRecorded !== true) problems.push(...assignedProblems(field, own, isKnown));
  return own;
}

function headerOf(own: Record<string, unknown>, type: unknown, context: EventContext): object {
  const { catalogue = emptyCatalogue, causationDepth, command, storeMeta } = context;
  const { schemaVersion } = catalogue.stored.get(type as string) ?? {};
  return {
    ...storeMeta,
    ...own,
    ...(schemaVersion !== undefined && own["schemaVersion"] === undefined && { schemaVersion }),
    correlationId: own["correlationId"] ?? context.correlationId,
    causationId: own["causationId"] ?? context.causationId,
    ...(causationDepth && { $causationDepth: causationDepth }),
    ...(command && { $command: command }),
  };
}

export function ownNameProblem(field: string, name: unknown, isSystem = false): Problem | null {
  const problem = nameProblem(field, name);
  if (problem || (name as string).startsWith("$") === isSystem) return problem;
  const expected = isSystem
    ? 'a name that begins with "$"'
    : 'a name that does not begin with "$", which the framework keeps for itself';
  return { field, found: name, expected };
}

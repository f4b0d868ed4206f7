import { speculationProblem, type Speculation } from "./speculative.ts";
import type { ScopedClaims } from "./claims.ts";
import { claimProblems } from "./claims-input.ts";
import { commandTagProblem, type CommandTag } from "./command-tag.ts";
import { EventTooLargeError, ValidationError } from "../errors/errors.ts";
import { eventIdOfKey } from "../event/event-id.ts";
import { expectedVersionProblem, type ExpectedVersion } from "./expected-version.ts";
import { ownNameProblem, toNewEvent, type EventContext, type EventInput, type NewEvent } from "./new-event.ts";
import { pageBytesOf } from "./page-size.ts";
import type { Problem } from "../errors/problem.ts";
import { unknownFields } from "../options/unknown-fields.ts";

const ofCallers = ["stream", "events", "expectedVersion", "key"];
/** Deciders send the others. */
const known = [...ofCallers, "claims", "speculation", "command"];
const maxEvents = 10_000;
/** Of one call: an append is checked, stored and answered without a pause, 10,000 events for up to half a second. */
export const maxEventsOfCallers = 2000;
/** Of all its payloads and metas: an append is one commit, which holds the event loop. A single event has its own limit. */
const maxCharacters = 8 * 1024 * 1024;
const maxKeyCharacters = 1000;

export interface AppendInput {
  stream: string;
  /** 1 to 2,000, and 8 MiB of JSON if they are several; stored all together or not at all. */
  events: EventInput[];
  expectedVersion?: ExpectedVersion | undefined;
  /** Names this append: sent again with the same key, it stores once. For events without an `id` of their own. */
  key?: string | undefined;
  /** What its events take and give back of values that must be unique; a decider says it. */
  claims?: readonly ScopedClaims[] | undefined;
  /** A decider says it that does not wait for each commit. */
  speculation?: Speculation | undefined;
  /** Which command it comes from; a decider says it. Stored as `meta.command` of each event. */
  command?: CommandTag | undefined;
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
  dependsOn?: AppendRequest;
  claims?: readonly ScopedClaims[];
  /** Another host has sent it here, so this one stores it. */
  isRelayed?: boolean;
}

export interface AppendContext extends EventContext {
  /** The most that the answer's events may take in one message; left out, any. */
  maxAnswerBytes?: number;
  /** Left out, as many as an engine takes: 10,000. */
  maxEvents?: number;
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
  const { stream, events, expectedVersion = "any", key, claims, speculation, command } = input;
  const problems: Problem[] = [];
  const note = (problem: Problem | null) => void (problem && problems.push(problem));

  problems.push(...unknownFields("", input, known, {}, ofCallers));
  note(ownNameProblem("stream", stream, context.isSystem));
  note(expectedVersionProblem(expectedVersion));
  const isKey =
    key === undefined ||
    (typeof key === "string" && key !== "" && key.length <= maxKeyCharacters && key.isWellFormed());
  if (!isKey)
    note({
      field: "key",
      found: key,
      expected: `a string of 1 to ${maxKeyCharacters} characters${isIllFormed(key) ? ", well-formed Unicode" : ""}`,
    });
  if (claims !== undefined) for (const problem of claimProblems(claims)) problems.push(problem);
  if (speculation !== undefined) note(speculationProblem(speculation));
  if (command !== undefined) note(commandTagProblem(command));
  const mostEvents = context.maxEvents ?? maxEvents;
  if (!Array.isArray(events) || events.length === 0 || events.length > mostEvents) {
    note({
      field: "events",
      found: events,
      expected: `an array of 1 to ${mostEvents} events`,
    });
    throw new ValidationError(problems);
  }

  const most = Math.max(maxCharacters, context.maxEventBytes);
  let characters = 0;
  const own = command === undefined ? context : { ...context, command };
  const accepted = listed(events).map((event, index) => {
    const one = toNewEvent(event, index, isKey ? key : undefined, stream, own, problems);
    if (one) characters += one.payloadText.length + one.metaText.length;
    if (index > 0 && characters > most) throw new EventTooLargeError("events", characters, most);
    return one;
  });
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

const isIllFormed = (key: unknown) => typeof key === "string" && !key.isWellFormed();

/** With its holes as undefined, which would otherwise reach the commit. @throws ValidationError for what cannot be read */
function listed(events: EventInput[]): EventInput[] {
  try {
    return Array.from(events);
  } catch {
    throw new ValidationError([{ field: "events", found: events, expected: "an array that can be read" }]);
  }
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

import { speculationProblem, type Speculation } from "./speculative.ts";
import type { ScopedClaims } from "./log-claims.ts";
import { claimProblems } from "./claims-input.ts";
import { commandTagProblem, type CommandTag } from "./command-tag.ts";
import { EventTooLargeError, ValidationError } from "../errors/errors.ts";
import { derivedEventId } from "../event/event-id.ts";
import { expectedVersionProblem, type ExpectedVersion } from "./expected-version.ts";
import { ownNameProblem, toNewEvent, type EventContext, type EventInput, type NewEvent } from "./new-event.ts";
import { pageBytesOf } from "./page-size.ts";
import type { Problem } from "../errors/problem.ts";
import { reserved } from "../options/reserved.ts";
import { unknownFields } from "../options/unknown-fields.ts";

const ofCallers = ["stream", "events", "expectedVersion"];
/** The others are for deciders only. */
const known = [...ofCallers, "claims", "speculation", "command"];
const maxEvents = 10_000;
/** Limit of one call: an append is checked and stored without a pause, 10,000 events for up to half a second. */
export const maxEventsOfCallers = 2000;
/**
 * Limit of all payloads and metas together: an append is one commit, which blocks the event loop. A single event has
 * its own limit.
 */
const maxCharacters = 8 * 1024 * 1024;
/** A param that callers may expect. */
const reasons = {
  commandId: "no such param: send it in the headers of the call",
  condition: reserved,
  tags: reserved,
};

export interface AppendInput {
  stream: string;
  /** 1 to 2,000 events; several take at most 8 MiB of JSON. Stored all together or not at all. */
  events: EventInput[];
  expectedVersion?: ExpectedVersion | undefined;
  /** The unique values that its events claim and release; set by deciders. */
  claims?: readonly ScopedClaims[] | undefined;
  /** Set by a decider that does not wait for each commit. */
  speculation?: Speculation | undefined;
  /** The command that it results from; set by deciders. Stored as `meta.$command` of each event. */
  command?: CommandTag | undefined;
}

/** One append as an engine receives it: checked, with ids, ready to be stored with others in one commit. */
export interface AppendRequest {
  stream: string;
  expectedVersion: ExpectedVersion;
  events: NewEvent[];
  /** The id that a further event would have under the same command id: if it is stored, the command id was used for more events. */
  idAfterLast: string | null;
  /** Stored only if the request before it in the same commit is; otherwise it gets that one's error. */
  continues?: boolean;
  /**
   * Stored only if this request, before it in the same commit, is stored now and not earlier. Otherwise rejected with
   * SpeculationFailedError.
   */
  dependsOn?: AppendRequest;
  claims?: readonly ScopedClaims[];
  /** Another host relayed it, so this one must not relay it again. */
  isRelayed?: boolean;
}

export interface AppendContext extends EventContext {
  /**
   * Identifies the append: if it is sent again with the same command id, it is stored once. Ignored if all events have
   * ids of their own.
   */
  commandId?: string | undefined;
  /** Most bytes that the response's events may take in one message. Default: unlimited. */
  maxAnswerBytes?: number | undefined;
  /** The tag of a caller's append. Ignored without an effective command id. */
  command?: CommandTag | undefined;
  /** Default: 10,000, the most that an engine takes. */
  maxEvents?: number;
  /** True if any service may have called: the fields of deciders are refused as unknown. */
  isOfCaller?: boolean;
}

/**
 * Checks everything that can be checked without the log, and adds ids and meta.
 * @throws ValidationError with every problem found; EventTooLargeError
 */
export function toAppendRequest(input: AppendInput, context: AppendContext): AppendRequest {
  if (input === null || typeof input !== "object")
    throw new ValidationError([{ field: "params", found: input, expected: "{stream, events, expectedVersion?}" }]);
  const { stream, events, expectedVersion = "any", claims, speculation, command } = input;
  const mostEvents = context.maxEvents ?? maxEvents;
  const isList = Array.isArray(events) && events.length > 0 && events.length <= mostEvents;
  const problems = unknownFields("", input, context.isOfCaller ? ofCallers : known, reasons, ofCallers);
  const checks = [
    ownNameProblem("stream", stream, context.isSystem),
    expectedVersionProblem(expectedVersion),
    ...(claims === undefined ? [] : claimProblems(claims)),
    speculation === undefined ? null : speculationProblem(speculation),
    command === undefined ? null : commandTagProblem(command),
    isList ? null : { field: "events", found: events, expected: `an array of 1 to ${mostEvents} events` },
  ];
  for (const problem of checks) if (problem) problems.push(problem);
  if (!isList) throw new ValidationError(problems);

  const most = Math.max(maxCharacters, context.maxEventBytes);
  let characters = 0;
  const given = listed(events);
  // Events with ids of their own are recognised by these.
  const commandId = context.commandId === undefined || given.every(hasId) ? undefined : context.commandId;
  const tag = command ?? (commandId === undefined ? undefined : context.command);
  const own = tag === context.command ? context : { ...context, command: tag };
  const accepted = given.map((event, index) => {
    const one = toNewEvent(event, index, commandId, stream, own, problems);
    if (one) characters += one.payloadText.length + one.metaText.length;
    if (index > 0 && characters > most) throw new EventTooLargeError("events", characters, most);
    return one;
  });
  if (accepted.length > 1) reportDuplicates(accepted, problems);
  if (problems.length > 0) throw new ValidationError(problems);
  if (context.maxAnswerBytes) assertResponseSize(stream, accepted as NewEvent[], context.maxAnswerBytes);
  return {
    stream,
    expectedVersion,
    events: accepted as NewEvent[],
    idAfterLast: commandId === undefined ? null : derivedEventId(commandId, events.length),
    ...(claims && { claims }),
  };
}

/**
 * Turns holes into undefined, which would otherwise reach the commit. @throws ValidationError for an array that cannot
 * be read
 */
function listed(events: EventInput[]): EventInput[] {
  try {
    return Array.from(events);
  } catch {
    throw new ValidationError([{ field: "events", found: events, expected: "an array that can be read" }]);
  }
}

function hasId(event: EventInput): boolean {
  try {
    return event.id !== undefined && event.id !== null;
  } catch {
    // Reported with the event's other problems.
    return false;
  }
}

function reportDuplicates(events: (NewEvent | null)[], problems: Problem[]): void {
  const seen = new Map<string, number>();
  events.forEach((event, index) => {
    if (!event) return;
    const first = seen.get(event.id);
    if (first !== undefined)
      problems.push({
        field: `events.${index}.id`,
        found: event.id,
        expected: `an id that events.${first} does not have`,
      });
    seen.set(event.id, index);
  });
}

/**
 * Checked before the append: if only the response failed, the append would look failed, and fail again when it is sent
 * again.
 */
function assertResponseSize(stream: string, events: readonly NewEvent[], most: number): void {
  if (events.length === 1) return;
  let bytes = 0;
  for (const { type, payloadText, metaText } of events) bytes += pageBytesOf(stream, type, payloadText, metaText);
  if (bytes > most) throw new EventTooLargeError("events", bytes, most);
}

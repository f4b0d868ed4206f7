import {
  maxEventsOfCallers,
  toAppendRequest,
  type AppendContext,
  type AppendInput,
  type AppendRequest,
} from "../../../core/log/append-request.ts";
import type { CommandTag } from "../../../core/log/command-tag.ts";
import { contentOf } from "../../../core/log/speculative.ts";
import { EventTooLargeError, ValidationError } from "../../../core/errors/errors.ts";
import { isEventId } from "../../../core/event/event-id.ts";
import type { NewEvent } from "../../../core/log/new-event.ts";
import type { Problem } from "../../../core/errors/problem.ts";
import { maxMessageBytes } from "../../service/message-size.ts";
import { sizeOf } from "./pending-appends.ts";

/** An append as one host of a store sends it to another. */
export interface RelayedAppend extends Pick<AppendInput, "stream" | "events" | "expectedVersion" | "claims"> {
  /** `contentOfStored` of its events. The receiving host stores exactly this content or nothing. */
  content: string;
  idAfterLast?: string | null;
  /** The index of the append in the same group on which it depends: see `AppendRequest`. */
  dependsOn?: number;
}

/** The most events in a group, as in one commit. */
const maxEvents = 1000;

const contentOfStored = (events: readonly NewEvent[]): string =>
  contentOf(events.map(({ type, payloadText, metaText }) => ({ type, payloadText: `${payloadText}\n${metaText}` })));

/** Converts requests for another host. */
export function toRelayed(requests: readonly AppendRequest[]): RelayedAppend[] {
  const indexes = new Map(requests.map((request, index) => [request, index]));
  return requests.map(({ stream, expectedVersion, events, idAfterLast, claims, dependsOn }) => ({
    stream,
    expectedVersion,
    events: events.map(({ id, type, payload, meta }) => ({ id, type, payload, meta })),
    content: contentOfStored(events),
    ...(idAfterLast !== null && { idAfterLast }),
    ...(claims && { claims }),
    ...(dependsOn && { dependsOn: indexes.get(dependsOn)! }),
  }));
}

/**
 * Converts a group of another host into requests, with every check of a caller's append. If this host's catalogue would
 * store an event differently, the whole group is rejected, and its sender stores it.
 * @throws ValidationError, EventTooLargeError
 */
export function fromRelayed(
  group: readonly RelayedAppend[],
  context: Pick<AppendContext, "maxEventBytes" | "catalogue">,
): AppendRequest[] {
  const requests: AppendRequest[] = [];
  const size = { events: 0, bytes: 0 };
  for (const [place, given] of group.entries()) {
    const request = toRequest(place, given, requests, context);
    const { events, bytes } = sizeOf([request]);
    size.events += events;
    size.bytes += bytes;
    if (size.bytes > maxMessageBytes) throw new EventTooLargeError("requests", size.bytes, maxMessageBytes, true);
    requests.push(request);
    if (size.events > maxEvents && requests.length > 1)
      throw new ValidationError([
        { field: "requests", found: group, expected: `at most ${maxEvents} events in all of them` },
      ]);
  }
  return requests;
}

function toRequest(
  place: number,
  { content, idAfterLast = null, dependsOn, ...input }: RelayedAppend,
  before: readonly AppendRequest[],
  context: Pick<AppendContext, "maxEventBytes" | "catalogue">,
): AppendRequest {
  const field = `requests.${place}`;
  const { causationDepth, ...given } = withoutAssigned(input);
  const request = toAppendRequest(given, {
    ...context,
    // Each event's meta has its own ids. Without them the content would differ, which is checked below.
    correlationId: "",
    causationId: "",
    maxEvents: maxEventsOfCallers,
    ...(causationDepth !== undefined && { causationDepth }),
  });
  const problems: Problem[] = [];
  const found = contentOfStored(request.events);
  if (found !== content) problems.push({ field: `${field}.content`, found: content, expected: found });
  if (idAfterLast !== null && !isEventId(idAfterLast))
    problems.push({ field: `${field}.idAfterLast`, found: idAfterLast, expected: "a UUID" });
  const dependency = dependsOn === undefined ? undefined : before[dependsOn];
  if (dependsOn !== undefined && !dependency)
    problems.push({ field: `${field}.dependsOn`, found: dependsOn, expected: "the index of an earlier request" });
  if (problems.length > 0) throw new ValidationError(problems);
  return { ...request, idAfterLast, isRelayed: true, ...(dependency && { dependsOn: dependency }) };
}

/** Removes from the meta the fields that a store assigns. This host assigns them again, after its checks. */
function withoutAssigned(input: AppendInput): AppendInput & { causationDepth?: number } {
  const { events } = input;
  if (!Array.isArray(events)) return input;
  const first = (events as Partial<NewEvent>[])[0]?.meta as Partial<Record<"$command" | "$causationDepth", unknown>>;
  const { $command: command, $causationDepth: causationDepth } = first ?? {};
  const isDepth = Number.isSafeInteger(causationDepth) && (causationDepth as number) > 0;
  return {
    ...input,
    events: events.map((event) => {
      if (event === null || typeof event !== "object" || event.meta === null || typeof event.meta !== "object")
        return event;
      const { $command: _, $causationDepth: __, ...meta } = event.meta;
      return { ...event, meta };
    }),
    ...(command !== undefined && { command: command as CommandTag }),
    ...(isDepth && { causationDepth: causationDepth as number }),
  };
}

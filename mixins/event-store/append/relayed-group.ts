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
  /** `contentOfStored` its events: the host that is asked stores these or nothing. */
  content: string;
  idAfterLast?: string | null;
  /** Which one of the same group it depends on: see `AppendRequest`. */
  dependsOn?: number;
}

/** A group is a part of one commit, which has at most so many events. */
const maxEvents = 1000;

const contentOfStored = (events: readonly NewEvent[]): string =>
  contentOf(events.map(({ type, payloadText, metaText }) => ({ type, payloadText: `${payloadText}\n${metaText}` })));

export function toRelayed(requests: readonly AppendRequest[]): RelayedAppend[] {
  const places = new Map(requests.map((request, place) => [request, place]));
  return requests.map(({ stream, expectedVersion, events, idAfterLast, claims, dependsOn }) => ({
    stream,
    expectedVersion,
    events: events.map(({ id, type, payload, meta }) => ({ id, type, payload, meta })),
    content: contentOfStored(events),
    ...(idAfterLast !== null && { idAfterLast }),
    ...(claims && { claims }),
    ...(dependsOn && { dependsOn: places.get(dependsOn)! }),
  }));
}

/**
 * The requests of a group after every check that an append of a caller passes here. What this host's catalogue would store
 * differently is refused with the whole group: its sender, which knows another catalogue, stores it.
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
    // Each event says its own, or has another content than it was sent with.
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
  const followed = dependsOn === undefined ? undefined : before[dependsOn];
  if (dependsOn !== undefined && !followed)
    problems.push({ field: `${field}.dependsOn`, found: dependsOn, expected: "the number of a request before it" });
  if (problems.length > 0) throw new ValidationError(problems);
  return { ...request, idAfterLast, isRelayed: true, ...(followed && { dependsOn: followed }) };
}

/** What the sender's store has written into the meta of each event, as this one is to write it again after its checks. */
function withoutAssigned(input: AppendInput): AppendInput & { causationDepth?: number } {
  const { events } = input;
  if (!Array.isArray(events)) return input;
  const first = (events as Partial<NewEvent>[])[0]?.meta as Partial<Record<"command" | "causationDepth", unknown>>;
  const { command, causationDepth } = first ?? {};
  const isDepth = Number.isSafeInteger(causationDepth) && (causationDepth as number) > 0;
  return {
    ...input,
    events: events.map((event) => {
      if (event === null || typeof event !== "object" || event.meta === null || typeof event.meta !== "object")
        return event;
      const { command: _, causationDepth: __, ...meta } = event.meta;
      return { ...event, meta };
    }),
    ...(command !== undefined && { command: command as CommandTag }),
    ...(isDepth && { causationDepth: causationDepth as number }),
  };
}

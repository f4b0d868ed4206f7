import { ownNameProblem } from "../../../core/log/new-event.ts";
import { ValidationError } from "../../../core/errors/errors.ts";
import type { Problem } from "../../../core/errors/problem.ts";
import { derivedEventId } from "../../../core/event/event-id.ts";
import { parsePosition } from "../../../core/event/position.ts";
import type { EventMeta, RecordedEvent } from "../../../core/event/recorded-event.ts";
import { unknownFields } from "../../../core/options/unknown-fields.ts";
import type { EventSource } from "../../consumer/event-source.ts";
import { validatedEvents, type BaseHistory } from "./validated-events.ts";

/** An event to inject into a history. */
export interface Injection {
  /** The position of the event that it follows. Default: the end of the history. */
  after?: number;
  type: string;
  payload: unknown;
  /** Default: a new stream. */
  stream?: string;
  meta?: Record<string, unknown>;
}

const mostInjected = 1000;
const known = ["after", "type", "payload", "stream", "meta"];

/** Converts injections into recorded events, in order. Ids are hashes of content and position. @throws ValidationError */
export async function injectedEvents(inject: unknown, { source, position }: BaseHistory): Promise<RecordedEvent[]> {
  const injections = parseInjections(Array.isArray(inject) ? inject : [inject], position);
  const drafts = await validatedEvents(
    injections.map(({ type, payload, meta }) => ({ type, payload, meta })),
    source,
    (index) => `inject.${index}`,
  );
  const placed = injections
    .map((injection, index) => ({ ...injection, index, draft: drafts[index]! }))
    .toSorted((a, b) => a.after - b.after);
  const events: RecordedEvent[] = [];
  for (const { after, stream, meta, index, draft } of placed) {
    const { type, payload } = draft;
    const id = derivedEventId(JSON.stringify([after, stream, type, payload, meta]), index);
    // The draft's meta, but not its correlation and causation: those are of this request, not of the event.
    const ownMeta = { ...draft.meta, correlationId: id, causationId: id, ...ownIds(draft.meta, meta), $injected: true };
    const before = stream === undefined ? 0 : await versionAt(stream, after, source);
    events.push({
      id,
      type,
      stream: stream ?? `injected-${id}`,
      version: before + events.filter((event) => event.stream === stream).length + 1,
      position: after,
      time: await timeAt(after, source),
      payload,
      meta: ownMeta,
    });
  }
  return events;
}

/** The correlation and causation ids that the caller gave. */
const ownIds = (draft: EventMeta, given: Record<string, unknown> = {}): Partial<EventMeta> => ({
  ...(given["correlationId"] !== undefined && { correlationId: draft.correlationId }),
  ...(given["causationId"] !== undefined && { causationId: draft.causationId }),
});

/** Checks all fields except type, payload and meta, which the store checks. */
function parseInjections(given: readonly unknown[], position: number): (Injection & { after: number })[] {
  const problems: Problem[] = [];
  if (given.length > mostInjected)
    problems.push({ field: "inject", found: given.length, expected: `at most ${mostInjected} events` });
  const injections = Array.from(given, (one, index) => {
    const field = `inject.${index}`;
    if (one === null || typeof one !== "object" || Array.isArray(one)) {
      problems.push({ field, found: one, expected: "an event: {type, payload, after?, stream?, meta?}" });
      return null;
    }
    problems.push(...unknownFields(field, one, known));
    const injection = one as Injection;
    const after = parsePosition(injection.after ?? position) ?? Infinity;
    if (after > position)
      problems.push({
        field: `${field}.after`,
        found: injection.after,
        expected: `a position from 0 to ${position}, where this history ends`,
      });
    const problem = injection.stream === undefined ? null : ownNameProblem(`${field}.stream`, injection.stream);
    if (problem) problems.push(problem);
    return { ...injection, after };
  });
  if (problems.length > 0) throw new ValidationError(problems);
  return injections.filter((injection) => injection !== null);
}

/** Versions are contiguous, so the count is the version. */
const versionAt = (stream: string, position: number, source: Pick<EventSource, "count">): Promise<number> =>
  source.count({ stream, position: { $lte: position } });

/** The time of the event at a position. Position 0 has the time of the first event, or the epoch in an empty log. */
async function timeAt(position: number, source: Pick<EventSource, "eventAt">): Promise<string> {
  return (await source.eventAt(Math.max(position, 1)))?.time ?? new Date(0).toISOString();
}

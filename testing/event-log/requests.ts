import { toAppendRequest, type AppendInput, type AppendRequest } from "../../core/log/append-request.ts";
import type { EventInput } from "../../core/log/new-event.ts";
import type { AppendVerdict, EventLog } from "../../core/log/event-log.ts";
import { parseQuery, type Query, type QueryFields, type QueryParams } from "../../core/query/query.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";

type Partly<Input> = { [Name in keyof Input]?: Input[Name] };

/** An append as the store passes it to an engine. Default event: `{type: "thing.happened", payload: {}}`. */
export function appendTo(
  stream: string,
  events: Partly<EventInput>[] = [{}],
  { commandId, ...options }: Partly<AppendInput> & { commandId?: string } = {},
): AppendRequest {
  return toAppendRequest(
    { stream, events: events.map((event) => ({ type: "thing.happened", payload: {}, ...event })), ...options },
    { correlationId: "request-1", causationId: "call-1", maxEventBytes: 2 ** 24, commandId },
  );
}

/** The stored events of a verdict; fails if it is a refusal. */
export function stored(verdict: AppendVerdict | undefined): RecordedEvent[] {
  if (verdict && "events" in verdict) return verdict.events;
  throw new Error(`the append was refused: ${String(verdict?.error)}`);
}

/** The error of a verdict; fails if it is not a refusal. */
export function refused(verdict: AppendVerdict | undefined): Error & { type?: unknown; data?: unknown } {
  if (verdict && "error" in verdict) return verdict.error;
  throw new Error("the append was not refused");
}

/** Appends in one commit; fails if one is refused. Returns the events in order. */
export const appended = async (log: EventLog, ...requests: AppendRequest[]): Promise<RecordedEvent[]> =>
  (await log.append(requests)).flatMap(stored);

/** `count` equal events. */
export const many = (count: number, event: Partly<EventInput> = {}): Partly<EventInput>[] =>
  Array.from({ length: count }, () => event);

export const numbersOf = (events: readonly RecordedEvent[]): [stream: string, version: number, position: number][] =>
  events.map(({ stream, version, position }) => [stream, version, position]);

export const positionsOf = ({ events }: { events: readonly RecordedEvent[] }): number[] =>
  events.map(({ position }) => position);

/** 1 … count. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

const eventFields: QueryFields = new Map([
  ["id", { type: "string" }],
  ["type", { type: "string" }],
  ["stream", { type: "string" }],
  ["version", { type: "integer" }],
  ["position", { type: "integer" }],
  ["time", { type: "date" }],
  ["payload", { type: "object" }],
  ["meta", { type: "object" }],
]);

/** A query for events, as the store parses it. */
export const ask = (params: QueryParams = {}): Query => parseQuery(eventFields, params);

/** Event ids that a caller chose. */
export const ids = [
  "0190a0b0-0000-7000-8000-000000000001",
  "0190a0b0-0000-7000-8000-000000000002",
  "0190a0b0-0000-7000-8000-000000000003",
] as const;

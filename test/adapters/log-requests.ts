import { toAppendRequest, type AppendInput, type AppendRequest, type EventInput } from "../../core/append-request.ts";
import type { AppendVerdict } from "../../core/event-log.ts";
import { parseQuery, type Query, type QueryFields, type QueryParams } from "../../core/query.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";

type Partly<Input> = { [Name in keyof Input]?: Input[Name] };

/** An append as the store hands it to an engine; left out, an event is `{type: "thing.happened", payload: {}}`. */
export function appendTo(
  stream: string,
  events: Partly<EventInput>[] = [{}],
  options: Partly<AppendInput> = {},
): AppendRequest {
  return toAppendRequest(
    { stream, events: events.map((event) => ({ type: "thing.happened", payload: {}, ...event })), ...options },
    { correlationId: "request-1", causationId: "call-1", maxEventBytes: 2 ** 24 },
  );
}

/** The stored events of a verdict that must be one of success. */
export function stored(verdict: AppendVerdict | undefined): RecordedEvent[] {
  if (verdict && "events" in verdict) return verdict.events;
  throw new Error(`the append was refused: ${String(verdict?.error)}`);
}

/** The error of a verdict that must be a refusal. */
export function refused(verdict: AppendVerdict | undefined): Error & { data?: unknown } {
  if (verdict && "error" in verdict) return verdict.error;
  throw new Error("the append was not refused");
}

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

/** A query about events, as the store parses it. */
export const ask = (params: QueryParams = {}): Query => parseQuery(eventFields, params);

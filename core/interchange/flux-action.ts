import { ValidationError } from "../errors/errors.ts";
import type { Problem } from "../errors/problem.ts";
import { isObject, parseHistoryEvent, type HistoryEvent } from "./history-event.ts";
import type { EventMeta, RecordedEvent } from "../event/recorded-event.ts";
import { unknownFields } from "../options/unknown-fields.ts";

/** A recorded event as a Flux Standard Action. The standard allows no other fields. */
export interface FluxAction {
  type: string;
  payload: unknown;
  meta: Pick<RecordedEvent, "id" | "stream" | "version" | "position" | "time"> & {
    /** The event's own meta. */
    meta: EventMeta;
  };
  /** Set if the event's meta has `error: true`. */
  error?: true;
}

/**
 * Converts a recorded event to a Flux Standard Action; `fromFluxAction` restores every field.
 *
 * @example store.dispatch(toFluxAction(event));
 */
export function toFluxAction(event: RecordedEvent<string, unknown>): FluxAction {
  const { id, type, stream, version, position, time, payload, meta } = event;
  const action: FluxAction = { type, payload, meta: { id, stream, version, position, time, meta } };
  return meta["error"] === true ? { ...action, error: true } : action;
}

const names = {
  id: "meta.id",
  stream: "meta.stream",
  version: "meta.version",
  position: "meta.position",
  time: "meta.time",
  meta: "meta.meta",
  correlationId: "meta.meta.correlationId",
  causationId: "meta.meta.causationId",
} as const;

const fields = ["type", "payload", "meta", "error"];

/**
 * The event in a Flux Standard Action. An action of another system needs a UUID as `meta.id`, and a `meta.stream`.
 * Further fields of `meta`, and `error: true`, become fields of the event's meta.
 *
 * @example const { stream, payload } = fromFluxAction(action);
 * @throws ValidationError naming the field
 */
export function fromFluxAction(action: unknown): HistoryEvent {
  if (!isObject(action))
    throw new ValidationError([{ field: "action", found: action, expected: "a Flux Standard Action: an object" }]);
  const { type, payload, meta, error } = action;
  const problems: Problem[] = unknownFields("", action, fields);
  if (!isObject(meta)) problems.push({ field: "meta", found: meta, expected: "an object with id and stream" });
  if (error !== undefined && typeof error !== "boolean")
    problems.push({ field: "error", found: error, expected: "true or false" });
  if (problems.length > 0) throw new ValidationError(problems);
  const { id, stream, version, position, time, meta: own = {}, ...others } = meta as Record<string, unknown>;
  const whole = isObject(own) ? { ...others, ...own, ...(error === true && { error }) } : own;
  const isMetaWhole = (meta as Record<string, unknown>)["meta"] !== undefined;
  return parseHistoryEvent({ id, type, stream, version, position, time, payload, meta: whole }, names, isMetaWhole);
}

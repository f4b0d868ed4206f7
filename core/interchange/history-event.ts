import type { AppendRequest } from "../log/append-request.ts";
import { EventTooLargeError, ValidationError } from "../errors/errors.ts";
import { recordedMeta } from "../log/assigned-meta.ts";
import type { Problem } from "../errors/problem.ts";
import { isEventId } from "../event/event-id.ts";
import { isoDate } from "../rows/fields.ts";
import { isProblem, toJson, type JsonValue } from "../json/json.ts";
import type { EventMeta, RecordedEvent } from "../event/recorded-event.ts";
import { isReserved, nameProblem } from "../event/stream-name.ts";

/** A recorded event from outside; version, position and time may be missing if another system recorded it. */
export type HistoryEvent = Omit<RecordedEvent<string, unknown>, "version" | "position" | "time"> &
  Partial<Pick<RecordedEvent, "version" | "position" | "time">>;

/** A format's own names of fields, for messages. */
type Names = Partial<Record<keyof RecordedEvent | "correlationId" | "causationId", string>>;

export const isObject = (found: unknown): found is Record<string, unknown> =>
  found !== null && typeof found === "object" && !Array.isArray(found);

/**
 * Checks an event from outside. If its meta is not complete (`isMetaWhole`), the event's own id fills a missing
 * `correlationId` and `causationId`; otherwise meta is unchanged.
 * @throws ValidationError with every problem found
 */
export function parseHistoryEvent(
  found: Record<string, unknown>,
  names: Names = {},
  isMetaWhole = found["meta"] !== undefined,
): HistoryEvent {
  const { id, type, stream, version, position, time, payload, meta = {} } = found;
  const problems: Problem[] = [];
  const check = (field: keyof RecordedEvent, isRight: boolean, expected: string) => {
    if (!isRight) problems.push({ field: names[field] ?? field, found: found[field], expected });
  };
  const name = (field: "type" | "stream") => {
    const problem = nameProblem(names[field] ?? field, found[field]);
    if (problem) problems.push(problem);
    return !problem;
  };
  check("id", isEventId(id), "a UUID");
  const [hasType, hasStream] = [name("type"), name("stream")];
  if (hasType) check("type", !/[*?]/.test(type as string), "a name without wildcards");
  if (hasType && hasStream && isReserved(type as string) !== isReserved(stream as string))
    check("type", false, 'a name that begins with "$" exactly if its stream does');
  const isNumber = (number: unknown) =>
    number === undefined || (Number.isSafeInteger(number) && (number as number) > 0);
  check("version", isNumber(version), "a whole number from 1");
  check("position", isNumber(position), "a whole number from 1");
  const moment = isoDate(time);
  check("time", time === undefined || moment !== undefined, "an ISO 8601 time");
  check("payload", payload !== undefined, "a JSON value");
  check("meta", isObject(meta), "an object");
  for (const own of ["correlationId", "causationId"] as const)
    if (isObject(meta) && meta[own] !== undefined && typeof meta[own] !== "string")
      problems.push({ field: names[own] ?? `meta.${own}`, found: meta[own], expected: "a string" });
  if (isObject(meta)) problems.push(...recordedMeta(names.meta ?? "meta", meta));
  if (problems.length > 0) throw new ValidationError(problems);
  const ownId = (id as string).toLowerCase();
  return {
    id: ownId,
    type: type as string,
    stream: stream as string,
    ...(version !== undefined && { version: version as number }),
    ...(position !== undefined && { position: position as number }),
    ...(moment !== undefined && { time: moment }),
    payload,
    meta: { ...(!isMetaWhole && { correlationId: ownId, causationId: ownId }), ...(meta as EventMeta) },
  };
}

/**
 * The append that stores an event as it was recorded: with its id, stream and version, and its time unless the event
 * before it is later. Within a commit it is stored only if the one before it is. The catalogue does not check it, since
 * it is history.
 * @throws ValidationError, EventTooLargeError
 */
export function toImportRequest(event: HistoryEvent, maxEventBytes: number): AppendRequest {
  const { id, type, stream, version, time } = event;
  const json = (field: "payload" | "meta"): JsonValue => {
    const found = toJson(field, event[field]);
    if (isProblem(found)) throw new ValidationError([found]);
    return found;
  };
  const [payload, meta] = [json("payload"), json("meta")];
  const bytes = Buffer.byteLength(payload.text) + Buffer.byteLength(meta.text);
  if (bytes > maxEventBytes) throw new EventTooLargeError("payload", bytes, maxEventBytes);
  return {
    stream,
    expectedVersion: version === undefined ? "any" : version - 1,
    idAfterLast: null,
    continues: true,
    events: [
      {
        id,
        idWasGenerated: false,
        type,
        payload: payload.value,
        meta: meta.value as EventMeta,
        payloadText: payload.text,
        metaText: meta.text,
        ...(time !== undefined && { time }),
      },
    ],
  };
}

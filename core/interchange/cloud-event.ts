import { ValidationError } from "../errors/errors.ts";
import type { Problem } from "../errors/problem.ts";
import { isObject, parseHistoryEvent, type HistoryEvent } from "./history-event.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";

/** A recorded event in the JSON format of CloudEvents 1.0. */
export interface CloudEvent {
  specversion: "1.0";
  id: string;
  /** The store that recorded it: a URI reference, like the store's name. */
  source: string;
  type: string;
  /** The stream. */
  subject: string;
  time: string;
  datacontenttype: "application/json";
  /** The position in 16 digits, so that texts sort like numbers: CloudEvents' extension "Sequence". */
  sequence: string;
  /** The version within the stream. A string, since an integer of CloudEvents has 32 bits. */
  streamversion: string;
  /** CloudEvents' extension "Correlation". */
  correlationid?: string;
  causationid?: string;
  /** All other fields of the event's meta, as the text of a JSON object; omitted if there are none. */
  meta?: string;
  data: unknown;
}

// oxlint-disable-next-line no-control-regex -- attributes must not contain one
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;

/** Whether a value can be an attribute of CloudEvents: a string that is not empty and has no control characters. */
const isAttribute = (found: unknown): found is string =>
  typeof found === "string" && found !== "" && !controlCharacter.test(found) && found.isWellFormed();

/** JSON escapes only the control characters below U+0020. */
const attributeOf = (json: object): string =>
  JSON.stringify(json).replaceAll(
    /[\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/**
 * Converts a recorded event to a CloudEvent; `fromCloudEvent` restores every field. `source` is a URI reference that
 * names the store.
 *
 * @example const cloudEvent = toCloudEvent(event, "https://shop.example/orderEvents");
 * @throws ValidationError without a source
 */
export function toCloudEvent(event: RecordedEvent<string, unknown>, source: string): CloudEvent {
  if (!isAttribute(source))
    throw new ValidationError([{ field: "source", found: source, expected: "a URI reference, like the store's name" }]);
  const { id, type, stream, version, position, time, payload, meta } = event;
  const { correlationId, causationId, ...others } = meta;
  const hidden = {
    ...others,
    ...(!isAttribute(correlationId) && { correlationId }),
    ...(!isAttribute(causationId) && { causationId }),
  };
  return {
    specversion: "1.0",
    id,
    source,
    type,
    subject: stream,
    time,
    datacontenttype: "application/json",
    sequence: String(position).padStart(16, "0"),
    streamversion: String(version),
    ...(isAttribute(correlationId) && { correlationid: correlationId }),
    ...(isAttribute(causationId) && { causationid: causationId }),
    ...(Object.keys(hidden).length > 0 && { meta: attributeOf(hidden) }),
    data: payload,
  };
}

const names = {
  stream: "subject",
  version: "streamversion",
  position: "sequence",
  payload: "data",
  correlationId: "correlationid",
  causationId: "causationid",
} as const;

/**
 * The event in a CloudEvent 1.0 with JSON data. An event of another system needs a UUID as `id`, and a `subject`, which
 * becomes its stream. Its extension attributes become fields of `meta`; its `source` is not stored.
 *
 * @example const { stream, payload } = fromCloudEvent(cloudEvent);
 * @throws ValidationError naming the attribute
 */
export function fromCloudEvent(cloudEvent: unknown): HistoryEvent {
  if (!isObject(cloudEvent))
    throw new ValidationError([{ field: "cloudEvent", found: cloudEvent, expected: "a CloudEvent: an object" }]);
  const { specversion, id, source, type, subject, time, datacontenttype, data, data_base64, ...extensions } =
    cloudEvent;
  const { sequence, streamversion, correlationid, causationid, meta, ...others } = extensions;
  const problems: Problem[] = [];
  const check = (field: string, found: unknown, isRight: boolean, expected: string) => {
    if (!isRight) problems.push({ field, found, expected });
  };
  check("specversion", specversion, specversion === "1.0", '"1.0"');
  check("source", source, isAttribute(source), "a URI reference");
  const isJson =
    datacontenttype === undefined ||
    (typeof datacontenttype === "string" && /^[^;]*[/+]json\s*(;|$)/i.test(datacontenttype));
  check("datacontenttype", datacontenttype, isJson, "application/json");
  check("data_base64", data_base64, data_base64 === undefined, "data: a JSON value");
  const hidden = meta === undefined ? {} : objectOf(meta);
  check("meta", meta, hidden !== null, "the text of a JSON object");
  if (problems.length > 0) throw new ValidationError(problems);
  return parseHistoryEvent(
    {
      id,
      type,
      stream: subject,
      version: numberOf(streamversion),
      position: numberOf(sequence),
      time,
      payload: data,
      meta: {
        ...others,
        ...hidden,
        ...(correlationid !== undefined && { correlationId: correlationid }),
        ...(causationid !== undefined && { causationId: causationid }),
      },
    },
    names,
    meta !== undefined,
  );
}

function objectOf(text: unknown): Record<string, unknown> | null {
  try {
    const found: unknown = typeof text === "string" ? JSON.parse(text) : null;
    return isObject(found) ? found : null;
  } catch {
    return null;
  }
}

/** Returns anything else unchanged, so that the check names it. */
const numberOf = (text: unknown): unknown => (typeof text === "string" && /^\d+$/.test(text) ? Number(text) : text);

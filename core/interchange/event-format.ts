import { fromCloudEvent, toCloudEvent } from "./cloud-event.ts";
import { ValidationError } from "../errors/errors.ts";
import { fromFluxAction, toFluxAction } from "./flux-action.ts";
import { isObject, parseHistoryEvent, type HistoryEvent } from "./history-event.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import { formats as storedFormats, withFormat } from "../log/stored-format.ts";
import { unknownFields } from "../options/unknown-fields.ts";

/** A format of events in a file of JSON Lines. */
export interface EventFormat {
  /** `source` names the store. */
  write: (event: RecordedEvent, source: string) => object;
  /** @throws ValidationError naming the field */
  read: (found: unknown) => HistoryEvent;
}

const fields = ["id", "type", "stream", "version", "position", "time", "payload", "meta"];

/** A line of another program needs no number of a format. */
function readRecorded(found: unknown): HistoryEvent {
  if (!isObject(found)) throw new ValidationError([{ field: "event", found, expected: "a recorded event: an object" }]);
  const { $format = storedFormats.event, ...event } = found;
  const expected =
    typeof $format === "number" && $format > storedFormats.event
      ? `${storedFormats.event}: it was written by a newer version of moleculer-event-sourcing; update this node, or import it with the newer version`
      : `the number ${storedFormats.event}, or no $format for a line of another program`;
  if ($format !== storedFormats.event) throw new ValidationError([{ field: "$format", found: $format, expected }]);
  const problems = unknownFields("", event, fields);
  if (problems.length > 0) throw new ValidationError(problems);
  return parseHistoryEvent(event);
}

const formats: Readonly<Record<string, EventFormat>> = {
  events: { write: (event) => withFormat("event", event), read: readRecorded },
  cloudevents: { write: toCloudEvent, read: fromCloudEvent },
  flux: { write: toFluxAction, read: fromFluxAction },
};

/** @throws ValidationError naming `format` */
export function eventFormat(name: unknown): EventFormat {
  const format = typeof name === "string" && Object.hasOwn(formats, name) ? formats[name] : undefined;
  if (format) return format;
  throw new ValidationError([{ field: "format", found: name, expected: `one of ${Object.keys(formats).join(", ")}` }]);
}

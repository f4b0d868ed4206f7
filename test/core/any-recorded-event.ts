import * as fc from "fast-check";
import type { EventMeta, RecordedEvent } from "moleculer-event-sourcing";
import { nameProblem } from "../../core/event/stream-name.ts";

const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .filter((text) => nameProblem("", text) === null && !/[$*?]/.test(text));

const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);

const meta = fc
  .tuple(
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("id", "stream", "meta", "data", "time")), json),
    fc.string(),
    fc.string(),
  )
  .map(([own, correlationId, causationId]): EventMeta => {
    const fields = JSON.parse(JSON.stringify(own)) as object;
    return { ...fields, correlationId, causationId };
  })
  // An action would contain it twice.
  .filter((meta) => !("error" in meta));

/** Any event of a log. */
export const anyRecordedEvent: fc.Arbitrary<RecordedEvent> = fc.record({
  id: fc.uuid(),
  type: name,
  stream: name,
  version: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  position: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  time: fc
    .date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true })
    .map((date) => date.toISOString()),
  payload: json as fc.Arbitrary<RecordedEvent["payload"]>,
  meta,
});

import * as fc from "fast-check";
import type { EventMeta, RecordedEvent } from "moleculer-event-sourcing";
import { nameProblem } from "../../core/event/stream-name.ts";

const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .filter((text) => nameProblem("", text) === null && !/[$*?]/.test(text));

const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);

const ownField = fc.string().filter((text) => !text.startsWith("$"));

/** What a store adds to the meta of some events. */
const assigned = fc.record(
  {
    $causationDepth: fc.integer({ min: 1, max: 10_000 }),
    $command: fc.record({ id: fc.uuid(), name: fc.uuid(), hash: fc.uuid() }, { requiredKeys: ["id", "name"] }),
  },
  { requiredKeys: [] },
);

const meta = fc
  .tuple(
    fc.dictionary(fc.oneof(ownField, fc.constantFrom("id", "stream", "meta", "data", "time")), json),
    fc.string(),
    fc.string(),
    assigned,
  )
  .map(([own, correlationId, causationId, ofStore]): EventMeta => {
    const fields = JSON.parse(JSON.stringify({ ...own, ...ofStore })) as object;
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

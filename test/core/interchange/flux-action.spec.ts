import * as fc from "fast-check";
import { fromFluxAction, toFluxAction, type RecordedEvent } from "moleculer-event-sourcing";
import { anyRecordedEvent } from "../any-recorded-event.ts";
import { seed } from "../../support/chance.ts";

const event: RecordedEvent = {
  id: "0190a0b0-0000-7000-8000-000000000001",
  type: "property.created",
  stream: "property-42",
  version: 1,
  position: 17,
  time: "2026-03-01T12:00:00.000Z",
  payload: { city: "Wanaka" },
  meta: { correlationId: "request-1", causationId: "call-1", user: "ann" },
};

describe("A Flux Standard Action", () => {
  it("has type, payload and meta, and nothing else", () => {
    const { type, payload, meta, ...numbers } = event;
    expect(toFluxAction(event)).toEqual({ type, payload, meta: { ...numbers, meta } });
  });

  it("gives back every field", () => {
    fc.assert(
      fc.property(anyRecordedEvent, (event) => {
        expect(fromFluxAction(JSON.parse(JSON.stringify(toFluxAction(event))))).toEqual(event);
      }),
      { seed },
    );
  });

  it("is an error if the event's meta says so, and vice versa", () => {
    const failed = { ...event, meta: { ...event.meta, error: true } };
    expect(toFluxAction(failed)).toMatchObject({ error: true });
    expect(fromFluxAction(toFluxAction(failed))).toEqual(failed);
    expect(fromFluxAction({ ...toFluxAction(event), error: true })).toEqual(failed);
    expect(fromFluxAction({ ...toFluxAction(event), error: false })).toEqual(event);
  });

  it("of another system needs an id and a stream, and keeps the rest of its meta", () => {
    const { id } = event;
    expect(fromFluxAction({ type: "todo.added", payload: null, meta: { id, stream: "todo-1", from: "ui" } })).toEqual({
      id,
      type: "todo.added",
      stream: "todo-1",
      payload: null,
      meta: { correlationId: id, causationId: id, from: "ui" },
    });
  });

  it.each([
    [{ type: 5 }, "type: found 5, expected 1 to 255 Unicode characters without control characters"],
    [{ payload: undefined }, "payload: found undefined, expected a JSON value"],
    [{ meta: undefined }, "meta: found undefined, expected an object with id and stream"],
    [{ meta: { id: "7", stream: "a" } }, 'meta.id: found "7", expected a UUID'],
    [
      { meta: { ...toFluxAction(event).meta, stream: undefined } },
      "meta.stream: found undefined, expected 1 to 255 Unicode characters without control characters",
    ],
    [{ meta: { ...toFluxAction(event).meta, version: 0 } }, "meta.version: found 0, expected a whole number from 1"],
    [{ meta: { ...toFluxAction(event).meta, meta: [] } }, "meta.meta: found an array of 0, expected an object"],
    [{ error: "x" }, 'error: found "x", expected true or false'],
    [{ data: 1 }, 'data: found "data", expected one of type, payload, meta, error'],
  ])("with %j is refused, naming the field", (wrong, message) => {
    expect(() => fromFluxAction({ ...toFluxAction(event), ...wrong })).toThrow(
      expect.objectContaining({ type: "VALIDATION_ERROR", message }),
    );
  });

  it("is an object", () => {
    for (const found of [null, undefined, 5, [event]]) expect(() => fromFluxAction(found)).toThrow("action");
  });
});

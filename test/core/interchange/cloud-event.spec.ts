import * as fc from "fast-check";
import { fromCloudEvent, toCloudEvent, type RecordedEvent } from "moleculer-event-sourcing";
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
  meta: { correlationId: "request-1", causationId: "call-1", user: { name: "ann" }, schemaVersion: 2 },
};

describe("A CloudEvent", () => {
  it("has the recorded fields under the names of CloudEvents 1.0", () => {
    expect(toCloudEvent(event, "propertyEventStore")).toEqual({
      specversion: "1.0",
      id: "0190a0b0-0000-7000-8000-000000000001",
      source: "propertyEventStore",
      type: "property.created",
      subject: "property-42",
      time: "2026-03-01T12:00:00.000Z",
      datacontenttype: "application/json",
      sequence: "0000000000000017",
      streamversion: "1",
      correlationid: "request-1",
      causationid: "call-1",
      meta: '{"user":{"name":"ann"},"schemaVersion":2}',
      data: { city: "Wanaka" },
    });
  });

  it("has attributes that CloudEvents allows, and gives back every field", () => {
    fc.assert(
      fc.property(anyRecordedEvent, (event) => {
        const cloudEvent = toCloudEvent(event, "/store");
        const { data: _, ...attributes } = cloudEvent;
        for (const [name, value] of Object.entries(attributes)) {
          expect(name).toMatch(/^[a-z0-9]{1,20}$/);
          // oxlint-disable-next-line no-control-regex -- attributes must not contain these
          expect(value).toMatch(/^[^\u0000-\u001f\u007f-\u009f]+$/);
        }
        expect(fromCloudEvent(JSON.parse(JSON.stringify(cloudEvent)))).toEqual(event);
      }),
      { seed },
    );
  });

  it("of another system is an event of its subject's stream, with its extensions as meta", () => {
    const { id } = event;
    const foreign = { specversion: "1.0", id, source: "/shop", type: "com.shop.sold", subject: "order 7", data: 5 };
    expect(
      fromCloudEvent({ ...foreign, traceparent: "00-1-2-3", datacontenttype: "text/json; charset=utf-8" }),
    ).toEqual({
      id,
      type: "com.shop.sold",
      stream: "order 7",
      payload: 5,
      meta: { correlationId: id, causationId: id, traceparent: "00-1-2-3" },
    });
    expect(fromCloudEvent({ ...foreign, time: "2026-03-01T13:00:00+01:00" })).toMatchObject({
      time: "2026-03-01T12:00:00.000Z",
    });
  });

  it.each([
    [{ specversion: "0.3" }, 'specversion: found "0.3", expected "1.0"'],
    [{ source: "" }, 'source: found "", expected a URI reference'],
    [{ id: "7" }, 'id: found "7", expected a UUID'],
    [{ type: undefined }, "type: found undefined, expected 1 to 255 Unicode characters without control characters"],
    [{ type: "a.*" }, 'type: found "a.*", expected a name without wildcards'],
    [{ type: "$a" }, 'type: found "$a", expected a name that begins with "$" exactly if its stream does'],
    [{ subject: 5 }, "subject: found 5, expected 1 to 255 Unicode characters without control characters"],
    [{ time: "soon" }, 'time: found "soon", expected an ISO 8601 time'],
    [{ streamversion: "0" }, "streamversion: found 0, expected a whole number from 1"],
    [{ sequence: "x" }, 'sequence: found "x", expected a whole number from 1'],
    [{ correlationid: 5 }, "correlationid: found 5, expected a string"],
    [{ meta: "[]" }, 'meta: found "[]", expected the text of a JSON object'],
    [{ data: undefined }, "data: found undefined, expected a JSON value"],
    [{ data: undefined, data_base64: "AA==" }, 'data_base64: found "AA==", expected data: a JSON value'],
    [{ datacontenttype: "text/xml" }, 'datacontenttype: found "text/xml", expected application/json'],
  ])("with %j is refused, naming the attribute", (wrong, message) => {
    expect(() => fromCloudEvent({ ...toCloudEvent(event, "/store"), ...wrong })).toThrow(
      expect.objectContaining({ type: "VALIDATION_ERROR", message }),
    );
  });

  it("is an object, and has a source", () => {
    for (const found of [null, undefined, 5, "x", [event]]) expect(() => fromCloudEvent(found)).toThrow("cloudEvent");
    for (const source of ["", undefined, "\n"]) expect(() => toCloudEvent(event, source as string)).toThrow("source");
  });
});

import { toAppendRequest, type AppendContext, type AppendRequest } from "../../../core/log/append-request.ts";
import { brief } from "../../../core/errors/problem.ts";
import { isEventId } from "../../../core/event/event-id.ts";
import { refusal } from "../../support/broker.ts";

const context = { correlationId: "request-1", causationId: "call-1", maxEventBytes: 512 * 1024 };
const metaBytes = Buffer.byteLength('{"correlationId":"request-1","causationId":"call-1"}');
const id = "0190a0b0-1111-7222-8333-444455556666";
const event = { type: "thing.created", payload: { name: "x" } };
const nameRule = "1 to 255 Unicode characters without control characters";
const ownRule = 'a name that does not begin with "$", which the framework keeps for itself';
const versionRule = 'a whole number from 0, "no-stream", "stream-exists" or "any"';

/** Accepts any value, like a call from another node. */
const append = (input: object, own: Partial<AppendContext> = {}): AppendRequest =>
  toAppendRequest({ stream: "thing-1", events: [event], ...input }, { ...context, ...own });

/** A text as in an error's data. */
const cut = (filler: string, times: number): unknown => brief(filler.repeat(times));

interface Found {
  field: string;
  found: unknown;
  expected: string;
  message: string;
}

/** Every problem for which an append is refused; also checks the error's own fields. */
async function problemsOf(input: object): Promise<Found[]> {
  const error = await refusal(() => append(input));
  expect(error).toMatchObject({ name: "ValidationError", code: 422, type: "VALIDATION_ERROR", retryable: false });
  const data = error.data as (Omit<Found, "found"> & { actual: unknown })[];
  return data.map(({ field, actual, expected, message }) => ({ field, found: actual, expected, message }));
}

const fieldsOf = async (input: object) => (await problemsOf(input)).map(({ field }) => field);

/** Its field throws when it is read. */
const throwing = (name: string): Record<string, unknown> =>
  Object.defineProperty({ ...event }, name, {
    enumerable: true,
    get() {
      throw new Error("not for you");
    },
  });

describe("An append request", () => {
  it("takes its context's ids, and every event gets an id of its own", () => {
    const { stream, expectedVersion, events, idAfterLast } = append({ events: [event, event] });
    expect({ stream, expectedVersion, idAfterLast }).toEqual({
      stream: "thing-1",
      expectedVersion: "any",
      idAfterLast: null,
    });
    expect(events[0]).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      idWasGenerated: true,
      type: "thing.created",
      payload: { name: "x" },
      payloadText: '{"name":"x"}',
      meta: { correlationId: "request-1", causationId: "call-1" },
      metaText: '{"correlationId":"request-1","causationId":"call-1"}',
    });
    expect(events[1]!.id > events[0]!.id).toBe(true);
  });

  it("keeps the caller's meta, also its own ids of the request", () => {
    const meta = { correlationId: "mine", user: "ann", deep: { a: [1] } };
    expect(append({ events: [{ ...event, meta }] }).events[0]!.meta).toEqual({ ...meta, causationId: "call-1" });
  });

  it("fills in the ids of the request where meta has them undefined", () => {
    const meta = { correlationId: undefined, causationId: undefined, user: "ann" };
    expect(append({ events: [{ ...event, meta }] }).events[0]!.meta).toEqual({
      correlationId: "request-1",
      causationId: "call-1",
      user: "ann",
    });
  });

  it("keeps an id that was given, in lower case, and knows that a log may have it", () => {
    const [given] = append({ events: [{ ...event, id: id.toUpperCase() }] }).events;
    expect(given).toMatchObject({ id, idWasGenerated: false });
  });

  it("makes an id where it is null or undefined", () => {
    const { events } = append({
      events: [
        { ...event, id: null },
        { ...event, id: undefined },
      ],
    });
    expect(events.map(({ id, idWasGenerated }) => [isEventId(id), idWasGenerated])).toEqual([
      [true, true],
      [true, true],
    ]);
  });

  it("derives ids from a command id: the same for the same id and place, others for others", () => {
    const ids = (commandId: string, count: number) =>
      append({ events: Array.from({ length: count }, () => event) }, { commandId }).events.map(({ id }) => id);
    const [first, second] = ids("order 7", 2);
    expect(ids("order 7", 3).slice(0, 2)).toEqual([first, second]);
    expect(new Set([first, second, ...ids("order 8", 2)]).size).toBe(4);
    expect(append({}, { commandId: "order 7" }).events[0]).toMatchObject({ id: first, idWasGenerated: false });
    expect(append({}, { commandId: "order 7" }).idAfterLast).toBe(second);
  });

  it("keeps no tie to the caller's objects", () => {
    const payload = { list: [1] };
    const [stored] = append({ events: [{ ...event, payload }] }).events;
    payload.list.push(2);
    expect(stored!.payload).toEqual({ list: [1] });
  });

  it.each([
    ["a Date as its text", new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ["undefined fields as absent", { a: undefined, b: 1 }, '{"b":1}'],
    ["null", null, "null"],
    ["text", "x", '"x"'],
    ["false", false, "false"],
    ["an array", [1, null], "[1,null]"],
  ])("takes %s for a payload", (_, payload, text) => {
    const [stored] = append({ events: [{ ...event, payload }] }).events;
    expect(stored).toMatchObject({ payloadText: text, payload: JSON.parse(text) as unknown });
  });

  it.each([0, 7, "no-stream", "stream-exists", "any"])("takes %p for an expected version", (expectedVersion) => {
    expect(append({ expectedVersion }).expectedVersion).toBe(expectedVersion);
  });

  it.each(["x", "a stream with spaces", "Ünï-cödé", "😀".repeat(255), "a'b\"c%_\\"])(
    "takes %p for a stream",
    (stream) => {
      expect(append({ stream }).stream).toBe(stream);
    },
  );

  it("takes 10,000 events", () => {
    expect(append({ events: Array.from({ length: 10_000 }, () => event) }).events).toHaveLength(10_000);
  });

  it("takes several events up to 8 MiB of JSON together, and refuses more before it has looked at all of them", () => {
    let looked = 0;
    const large = () => ({
      get type() {
        looked++;
        return "thing.happened";
      },
      payload: "x".repeat(400_000),
    });
    expect(append({ events: Array.from({ length: 10 }, large) }).events).toHaveLength(10);
    looked = 0;
    const tooMuch = () => append({ events: Array.from({ length: 10_000 }, large) });
    expect(tooMuch).toThrow(
      expect.objectContaining({ type: "EVENT_TOO_LARGE", data: expect.objectContaining({ field: "events" }) }),
    );
    expect(looked).toBeLessThan(100);
  });
});

describe("An append request's refusal", () => {
  it.each([
    ["an empty stream name", { stream: "" }, "stream", "", nameRule],
    ["no stream name", { stream: undefined }, "stream", "undefined", nameRule],
    ["a number for a stream name", { stream: 42 }, "stream", 42, nameRule],
    ["a stream name of 300 characters", { stream: "x".repeat(300) }, "stream", cut("x", 300), nameRule],
    ["256 characters of two units", { stream: "😀".repeat(256) }, "stream", cut("😀", 256), nameRule],
    ["a line break in a stream name", { stream: "a\nb" }, "stream", "a\nb", nameRule],
    ["a NUL in a stream name", { stream: "a\0" }, "stream", "a\0", nameRule],
    ["a C1 control character in a stream name", { stream: "a\u0085b" }, "stream", "a\u0085b", nameRule],
    [
      "half a character in a stream name",
      { stream: "a\ud83d" },
      "stream",
      "a\ud83d",
      `${nameRule}, well-formed UTF-16`,
    ],
    ["a stream of the framework", { stream: "$control" }, "stream", "$control", ownRule],
    ["no events", { events: [] }, "events", "an array of 0", "an array of 1 to 10000 events"],
    ["events that are no array", { events: event }, "events", "an object", "an array of 1 to 10000 events"],
    ["events left out", { events: undefined }, "events", "undefined", "an array of 1 to 10000 events"],
    [
      "10,001 events",
      { events: Array.from({ length: 10_001 }, () => event) },
      "events",
      "an array of 10001",
      "an array of 1 to 10000 events",
    ],
    ["a negative version", { expectedVersion: -1 }, "expectedVersion", -1, versionRule],
    ["a fraction of a version", { expectedVersion: 1.5 }, "expectedVersion", 1.5, versionRule],
    ["a version beyond the safe integers", { expectedVersion: 2 ** 53 }, "expectedVersion", 2 ** 53, versionRule],
    ["a version as text", { expectedVersion: "1" }, "expectedVersion", "1", versionRule],
    ["an unknown word for a version", { expectedVersion: "none" }, "expectedVersion", "none", versionRule],
    ["null for a version", { expectedVersion: null }, "expectedVersion", null, versionRule],
    [
      "a command id among the params",
      { commandId: "c" },
      "commandId",
      "commandId",
      "no such param: send it in the headers of the call",
    ],
  ])("names the field for %s", async (_, input, field, found, expected) => {
    expect(await problemsOf(input)).toEqual([{ field, found, expected, message: expect.stringContaining(field) }]);
  });

  const loop: Record<string, unknown> = { inner: [{}] };
  (loop["inner"] as Record<string, unknown>[])[0]!["back"] = loop;

  it.each([
    ["no type", { type: undefined }, "type", "undefined", nameRule],
    ["an empty type", { type: "" }, "type", "", nameRule],
    ["a type of 300 characters", { type: "x".repeat(300) }, "type", cut("x", 300), nameRule],
    ["a tab in the type", { type: "a\tb" }, "type", "a\tb", nameRule],
    ["half a character in the type", { type: "\udc00" }, "type", "\udc00", `${nameRule}, well-formed UTF-16`],
    ["a type of the framework", { type: "$snapshot.started" }, "type", "$snapshot.started", ownRule],
    ["a * in the type", { type: "thing.*" }, "type", "thing.*", "a name without wildcards"],
    ["a ? in the type", { type: "thing.?" }, "type", "thing.?", "a name without wildcards"],
    ["an id that is no UUID", { id: "42" }, "id", "42", "a UUID"],
    ["an empty id", { id: "" }, "id", "", "a UUID"],
    ["a number for an id", { id: 42 }, "id", 42, "a UUID"],
    ["null for meta", { meta: null }, "meta", null, "an object"],
    ["an array for meta", { meta: [] }, "meta", "an array of 0", "an object"],
    ["text for meta", { meta: "x" }, "meta", "x", "an object"],
    ["a number for the correlation id", { meta: { correlationId: 1 } }, "meta.correlationId", 1, "a string"],
    ["null for the causation id", { meta: { causationId: null } }, "meta.causationId", null, "a string"],
    [
      "a causation depth, which would end no circle",
      { meta: { causationDepth: 0 } },
      "meta.causationDepth",
      0,
      "none: the store assigns it, as $causationDepth",
    ],
    [
      "a command of another",
      { meta: { command: "x" } },
      "meta.command",
      "x",
      "none: the store assigns it, as $command",
    ],
    ...["$command", "$causationDepth", "$keyId", "$tags", "$forgotten", "$anything"].map(
      (name): [string, object, string, unknown, string] => [
        `${name} in meta`,
        { meta: { [name]: 99_999 } },
        `meta.${name}`,
        99_999,
        'a name that does not begin with "$": these are reserved for the framework',
      ],
    ),
    ["tags", { tags: ["a"] }, "tags", "tags", "none: the name is reserved for a later release"],
    ...[0, 1.5, 10_001, 1e9].map((schemaVersion): [string, object, string, unknown, string] => [
      `a schema version of ${schemaVersion}`,
      { meta: { schemaVersion } },
      "meta.schemaVersion",
      schemaVersion,
      "a whole number from 1 to 10000",
    ]),
    ["a BigInt in meta", { meta: { a: 1n } }, "meta.a", "BigInt 1", "a JSON value (write it as a string)"],
    ["no payload", { payload: undefined }, "payload", "undefined", "a JSON value"],
    ["a function for a payload", { payload: () => 1 }, "payload", "function", "a JSON value"],
    ["a symbol for a payload", { payload: Symbol("s") }, "payload", "symbol", "a JSON value"],
    [
      "a BigInt",
      { payload: { a: [1, { b: 2n }] } },
      "payload.a.1.b",
      "BigInt 2",
      "a JSON value (write it as a string)",
    ],
    ["NaN", { payload: { a: { b: NaN } } }, "payload.a.b", "NaN", "a finite number"],
    ["Infinity in an array", { payload: [1, -Infinity] }, "payload.1", "-Infinity", "a finite number"],
    ["NaN as the payload", { payload: NaN }, "payload", "NaN", "a finite number"],
    ["a circle", { payload: loop }, "payload.inner.0.back", "an object", "a JSON value without a circular reference"],
  ])("names the path for %s", async (_, wrong, path, found, expected) => {
    const field = `events.1.${path}`;
    const [problem, ...more] = await problemsOf({ events: [event, { ...event, ...wrong }] });
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ field, expected });
    expect(String(problem!.found)).toBe(String(found));
    expect(problem!.message).toContain(`${field}: found `);
  });

  it.each([null, undefined, 7, "thing.created"])("names an event that is %p", async (wrong) => {
    expect(await problemsOf({ events: [wrong] })).toMatchObject([
      { field: "events.0", expected: "an event: {type, payload, id?, meta?}" },
    ]);
  });

  it("names a hole among the events", async () => {
    // oxlint-disable-next-line no-sparse-arrays -- a hole is what is looked for
    expect(await fieldsOf({ events: [event, , event] })).toEqual(["events.1"]);
  });

  it.each([
    [{ expectedVerson: "no-stream" }, "expectedVerson", "(did you mean expectedVersion?)"],
    [{ expectedversion: 0 }, "expectedversion", "(did you mean expectedVersion?)"],
    [{ payload: {} }, "payload", "one of stream, events, expectedVersion"],
  ])("names a param that no append has: %p", async (input, field, expected) => {
    expect(await problemsOf(input)).toMatchObject([
      { field, found: field, expected: expect.stringContaining(expected) as string },
    ]);
  });

  it.each([
    ["metadata", "(did you mean meta?)"],
    ["Payload", "(did you mean payload?)"],
    ["time", "the store assigns it"],
    ["version", "the store assigns it"],
    ["stream", "the append names the stream"],
    ["data", "one of id, type, payload, meta"],
  ])("names a field that no event has: %s", async (name, expected) => {
    expect(await problemsOf({ events: [event, { ...event, [name]: "x" }] })).toMatchObject([
      { field: `events.1.${name}`, found: name, expected: expect.stringContaining(expected) as string },
    ]);
  });

  it("is none for params and fields that are undefined", () => {
    expect(append({ Key: undefined, events: [{ ...event, time: undefined }] }).events).toHaveLength(1);
  });

  it.each([
    ["a Map", new Map([["user", "ann"]]), "events.0.meta", "a Map"],
    ["a Promise", Promise.resolve({}), "events.0.meta", "a Promise"],
    ["a getter that throws", throwing("user"), "events.0.meta.user", "an object"],
    ["half a character", { user: "a\ud83d" }, "events.0.meta.user", "a\ud83d"],
    ["half a character as a key", { "\ud83d": "a" }, "events.0.meta.\\ud83d", "\ud83d"],
    ["a toJSON that makes no object", { toJSON: () => "x" }, "events.0.meta", "an object"],
  ])("names meta that is, or holds, %s", async (_what, meta, field, found) => {
    expect(await problemsOf({ events: [{ ...event, meta }] })).toMatchObject([{ field, found }]);
  });

  it("names an event that throws when it is read, and a list of events that does", async () => {
    const proxied = new Proxy([], { get: (list, name) => (name === "length" ? 1 : throwing("x").x) && list });
    const shown = { found: "an object" };
    expect(await problemsOf({ events: [throwing("payload")] })).toMatchObject([{ field: "events.0", ...shown }]);
    expect(await fieldsOf({ events: proxied })).toEqual(["events"]);
  });

  it("names an id of the request that has no UTF-8 form", async () => {
    const error = await refusal(() =>
      toAppendRequest({ stream: "thing-1", events: [event] }, { ...context, correlationId: "a\ud83d" }),
    );
    expect(error).toMatchObject({ type: "VALIDATION_ERROR", data: [{ field: "events.0.meta.correlationId" }] });
  });

  it("is an id beside events whose ids a command id gives", async () => {
    const events = [event, { ...event, id }];
    expect(await refusal(() => append({ events }, { commandId: "order 7" }))).toMatchObject({
      data: [{ field: "events.1.id", actual: id, expected: "none beside a command id, which names the events" }],
    });
  });

  it("names the twin of an id, whatever its letter case", async () => {
    const events = [{ ...event, id }, event, { ...event, id: id.toUpperCase() }];
    expect(await problemsOf({ events })).toMatchObject([
      { field: "events.2.id", found: id, expected: "an id that events.0 does not have" },
    ]);
  });

  it("lists every problem of the append's own fields at once", async () => {
    const wrong = { stream: "", expectedVersion: -1, events: [] };
    expect(await fieldsOf(wrong)).toEqual(["stream", "expectedVersion", "events"]);
  });

  it("lists every problem of every event at once", async () => {
    const events = [
      { type: "", id: "1", meta: { causationId: 1 }, payload: 1n },
      event,
      { type: "$own", payload: NaN, meta: [] },
      { ...event, id },
      { ...event, id },
    ];
    expect(await fieldsOf({ events })).toEqual([
      "events.0.type",
      "events.0.id",
      "events.0.meta.causationId",
      "events.0.payload",
      "events.2.type",
      "events.2.meta",
      "events.2.payload",
      "events.4.id",
    ]);
  });

  it("lists the problems of the append's own fields and of its events together", async () => {
    const events = [{ ...event, type: "" }, event, { ...event, payload: 1n }];
    expect(await fieldsOf({ stream: "", expectedVersion: -1, events })).toEqual([
      "stream",
      "expectedVersion",
      "events.0.type",
      "events.2.payload",
    ]);
  });

  it("contains everything in the message too, shortened", async () => {
    const error = await refusal(() => append({ stream: "x".repeat(300), expectedVersion: -1 }));
    expect(error.message).toBe(
      `stream: found "${"x".repeat(60)}…" (300 long), expected ${nameRule}; expectedVersion: found -1, expected ${versionRule}`,
    );
  });

  it("survives the JSON of a transporter", async () => {
    const data = await problemsOf({ stream: { a: 1n }, expectedVersion: 1n, events: [] });
    expect(JSON.parse(JSON.stringify(data))).toEqual(data);
  });

  it("is a validation error also for a payload that is nested beyond measure", async () => {
    let payload: unknown = 1;
    for (let depth = 0; depth < 50_000; depth++) payload = [payload];
    expect(await fieldsOf({ events: [{ ...event, payload }] })).toEqual([expect.stringMatching(/^events\.0\.payload/)]);
  });
});

describe("The size of an event", () => {
  const ofBytes = (bytes: number, filler: string) => {
    const room = bytes - metaBytes - '""'.length;
    expect(room % Buffer.byteLength(filler)).toBe(0);
    return { ...event, payload: filler.repeat(room / Buffer.byteLength(filler)) };
  };

  it.each([
    ["a", 1],
    ["é", 2],
    ["漢", 3],
    ["😀", 4],
  ])("is measured in bytes of UTF-8, not in characters like %s", async (filler, each) => {
    const limit = metaBytes + 2 + each * 50;
    expect(append({ events: [ofBytes(limit, filler)] }, { maxEventBytes: limit }).events).toHaveLength(1);

    const error = await refusal(() =>
      append({ events: [event, ofBytes(limit + each, filler)] }, { maxEventBytes: limit }),
    );
    expect(error).toMatchObject({ name: "EventTooLargeError", code: 413, type: "EVENT_TOO_LARGE", retryable: false });
    expect(error.data).toEqual({ field: "events.1", actual: limit + each, expected: limit });
    expect(error.message).toBe(`events.1: found ${limit + each} bytes of JSON, expected at most ${limit}`);
  });

  it("counts meta too", async () => {
    const limit = 1000;
    const note = "n".repeat(900);
    expect(append({ events: [{ ...event, payload: note }] }, { maxEventBytes: limit }).events).toHaveLength(1);
    const error = await refusal(() =>
      append({ events: [{ ...event, payload: note, meta: { note } }] }, { maxEventBytes: limit }),
    );
    expect(error.type).toBe("EVENT_TOO_LARGE");
  });

  it("is reported without reading all of an event that is far over the limit", async () => {
    let payload: unknown = ["x"];
    for (let level = 0; level < 100; level++) payload = [payload, payload];
    for (const wrong of [{ payload }, { payload: "x".repeat(10_000) }, { meta: { note: "x".repeat(10_000) } }]) {
      const error = await refusal(() => append({ events: [{ ...event, ...wrong }] }, { maxEventBytes: 1000 }));
      expect(error).toMatchObject({ type: "EVENT_TOO_LARGE", code: 413, data: { field: "events.0", expected: 1000 } });
      expect((error.data as { actual: number }).actual).toBeGreaterThan(2000);
      expect(error.message).toMatch(/^events\.0: found at least \d+ bytes of JSON, expected at most 1000$/);
    }
  });

  it("counts each event by itself", () => {
    const events = Array.from({ length: 10 }, () => ofBytes(1000, "a"));
    expect(append({ events }, { maxEventBytes: 1000 }).events).toHaveLength(10);
  });
});

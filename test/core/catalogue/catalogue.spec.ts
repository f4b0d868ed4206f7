import { NewerEventError } from "../../../core/catalogue/newer-event.ts";
import { toAppendRequest } from "../../../core/log/append-request.ts";
import type { NewEvent } from "../../../core/log/new-event.ts";
import { parseCatalogue, type EventCatalogue, type EventDefinition } from "../../../core/catalogue/catalogue.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { refusal } from "../../support/broker.ts";

const context = { correlationId: "request-1", causationId: "call-1", maxEventBytes: 1000 };

/** One event of an account, as a store with this definition stores it. */
function append(
  definition: EventDefinition,
  payload: unknown,
  {
    meta,
    type = "account.opened",
    maxEventBytes = 1000,
  }: { meta?: object; type?: string; maxEventBytes?: number } = {},
): NewEvent {
  const catalogue = parseCatalogue("bank", { "account.opened": definition }, "refuse");
  const event = { type, payload, ...(meta && { meta: { ...meta } }) };
  return toAppendRequest({ stream: "account-1", events: [event] }, { ...context, maxEventBytes, catalogue }).events[0]!;
}

const problemsOf = async (...args: Parameters<typeof append>) => {
  const error = await refusal(() => append(...args));
  expect(error).toMatchObject({ type: "VALIDATION_ERROR", code: 422, retryable: false });
  return (error.data as { field: string; actual: unknown; expected: string }[]).map(
    ({ field, actual, expected }) => [field, actual, expected] as const,
  );
};

const recorded = (payload: object, schemaVersion?: number): RecordedEvent => ({
  id: "0190a0b0-1111-7222-8333-444455556666",
  type: "account.opened",
  stream: "account-1",
  version: 1,
  position: 1,
  time: "2024-01-01T00:00:00.000Z",
  payload: { ...payload },
  meta: { correlationId: "r", causationId: "c", ...(schemaVersion !== undefined && { schemaVersion }) },
});

describe("A catalogue's definition", () => {
  const refusalOf = (definition: unknown) =>
    refusal(() => parseCatalogue("bank", { "account.opened": definition } as EventCatalogue));

  it.each([
    ["no object", 5, "bank.events.account.opened: found 5, expected {payload, schemaVersion, upcasters, renamedFrom}"],
    [
      "a misspelt option",
      { schema: {} },
      'bank.events.account.opened.schema: found "schema", expected one of the options payload, schemaVersion, upcasters, renamedFrom',
    ],
    [
      "version 0",
      { schemaVersion: 0 },
      "bank.events.account.opened.schemaVersion: found 0, expected a whole number from 1 to 10000",
    ],
    [
      "version 1.5",
      { schemaVersion: 1.5 },
      "bank.events.account.opened.schemaVersion: found 1.5, expected a whole number from 1 to 10000",
    ],
    [
      'version "2"',
      { schemaVersion: "2" },
      'bank.events.account.opened.schemaVersion: found "2", expected a whole number from 1 to 10000',
    ],
    [
      "an upcaster of version 1",
      { upcasters: { 1: () => ({}) } },
      'bank.events.account.opened.upcasters.1: found "1", expected no upcaster, as the version is 1',
    ],
    [
      "an upcaster from today's version",
      { schemaVersion: 3, upcasters: { 3: () => ({}) } },
      'bank.events.account.opened.upcasters.3: found "3", expected a version to start from: 1 to 2',
    ],
    [
      "an upcaster from version 0",
      { schemaVersion: 3, upcasters: { 0: () => ({}) } },
      'bank.events.account.opened.upcasters.0: found "0", expected a version to start from: 1 to 2',
    ],
    [
      "an upcaster from version 1.5",
      { schemaVersion: 3, upcasters: { 1.5: () => ({}) } },
      'bank.events.account.opened.upcasters.1.5: found "1.5", expected a version to start from: 1 to 2',
    ],
    [
      "an upcaster that is no function",
      { schemaVersion: 2, upcasters: { 1: 5 } },
      "bank.events.account.opened.upcasters.1: found 5, expected a synchronous function",
    ],
    [
      "an async upcaster",
      { schemaVersion: 2, upcasters: { 1: async () => ({}) } },
      "bank.events.account.opened.upcasters.1: found function, expected a synchronous function",
    ],
    [
      "a schema that is none",
      { payload: "string" },
      'bank.events.account.opened.payload: found "string", expected a fastest-validator schema, or a Standard Schema',
    ],
    [
      "a rule of an unknown type",
      { payload: { iban: "strnig" } },
      'bank.events.account.opened.payload.iban: found "strnig", expected a rule of fastest-validator, such as "string|optional", or "number|integer" for a whole number (Invalid \'strnig\' type in validator schema.)',
    ],
    [
      "an async schema",
      { payload: { $$async: true } },
      "bank.events.account.opened.payload.$$async: found true, expected a synchronous check: an append does not wait for checks",
    ],
    [
      "an async checker",
      { payload: { a: { type: "object", props: { b: { type: "string", custom: async () => "" } } } } },
      "bank.events.account.opened.payload: custom: found function, expected a synchronous check: an append does not wait for checks",
    ],
    [
      "a checker by name",
      { payload: { a: { type: "string", custom: ["even"] } } },
      'bank.events.account.opened.payload: custom: found "even", expected a function',
    ],
  ])("is refused with %s", async (_what, definition, message) => {
    expect(await refusalOf(definition)).toMatchObject({ type: "DEFINITION", code: 500, message });
  });

  it.each(["$snapshot.started", "account.*", "", "a\nb"])("is refused for the type %j", async (type) => {
    const error = await refusal(() => parseCatalogue("bank", { [type]: {} }));
    expect(error).toMatchObject({
      type: "DEFINITION",
      data: [{ field: `bank.events.${type.replace("\n", "\\u000a")}`, actual: type }],
    });
  });

  it.each([
    ["no list", { "a.b": { renamedFrom: "a.c" } }, 'a.b.renamedFrom: found "a.c", expected an array of event types'],
    [
      "a name with wildcards",
      { "a.b": { renamedFrom: ["a.*"] } },
      'a.b.renamedFrom.0: found "a.*", expected a name without wildcards that does not begin with "$"',
    ],
    [
      "one former name of two types",
      { "a.b": { renamedFrom: ["a.c"] }, "b.b": { renamedFrom: ["b.c", "a.c"] } },
      'b.b.renamedFrom.1: found "a.c", expected a name that no other entry has in renamedFrom; a.b has it',
    ],
    [
      "a circle of renames",
      { "a.b": { renamedFrom: ["a.c"] }, "a.c": { renamedFrom: ["a.b"] } },
      'a.b.renamedFrom.0: found "a.c", expected a type without an entry of its own, since its stored events are events of this entry',
    ],
    [
      "an upcaster to a type that it does not have",
      { "a.b": { schemaVersion: 2, upcasters: { 1: { to: ["a.b", "a.c"], upcast: (): null => null } } }, "b.b": {} },
      'a.b.upcasters.1.to.1: found "a.c", expected a type of the catalogue: a.b, b.b',
    ],
    [
      "an upcaster to no list of types",
      { "a.b": { schemaVersion: 2, upcasters: { 1: { to: "a.b", upcast: (): null => null } } } },
      'a.b.upcasters.1.to: found "a.b", expected an array of event types; [] to drop events',
    ],
    [
      "one former name twice",
      { "a.b": { renamedFrom: ["a.c", "a.c"] } },
      'a.b.renamedFrom.1: found "a.c", expected a name that no other entry has in renamedFrom; a.b has it',
    ],
    [
      "an upcaster to a former name",
      {
        "a.b": { schemaVersion: 2, upcasters: { 1: { to: ["a.c"], upcast: (): null => null } } },
        "b.b": { renamedFrom: ["a.c"] },
      },
      'a.b.upcasters.1.to.0: found "a.c", expected a type of the catalogue: a.b, b.b',
    ],
    [
      "an upcaster of events that does not name their types",
      { "a.b": { schemaVersion: 2, upcasters: { 1: { upcast: (): null => null } } } },
      "a.b.upcasters.1.to: found undefined, expected the types that upcast may return",
    ],
    [
      "its own name as a former one",
      { "a.b": { renamedFrom: ["a.b"] } },
      'a.b.renamedFrom.0: found "a.b", expected a type without an entry of its own, since its stored events are events of this entry',
    ],
  ])("is refused with %s", async (_what, definitions, message) => {
    expect(await refusal(() => parseCatalogue("bank", definitions as unknown as EventCatalogue))).toMatchObject({
      type: "DEFINITION",
      code: 500,
      message: `bank.events.${message}`,
    });
  });

  it("takes a chain that begins later than version 1", () => {
    expect(() => parseCatalogue("bank", { "a.b": { schemaVersion: 4, upcasters: { 3: () => ({}) } } })).not.toThrow();
  });

  it("refuses unknown types only beside a catalogue", async () => {
    expect((await refusal(() => parseCatalogue("bank", undefined, "refuse"))).message).toBe(
      'bank.unknownTypes: found "refuse", expected a catalogue beside it: events',
    );
    expect((await refusal(() => parseCatalogue("bank", {}, "drop" as "refuse"))).message).toBe(
      'bank.unknownTypes: found "drop", expected "accept" or "refuse"',
    );
  });

  it("leaves the author's schema as it is", () => {
    const payload = { $$strict: true, a: "string?", b: { $$type: "object?", c: "number?" }, d: ["string?", "number"] };
    const before = structuredClone(payload);
    append({ payload }, { a: "x", d: 5 });
    expect(payload).toEqual(before);
  });

  it("is distinguished from another by its text, including functions and patterns", () => {
    const fingerprint = (from: (payload: object) => unknown, pattern: RegExp) =>
      parseCatalogue("bank", {
        "a.b": { schemaVersion: 2, payload: { x: { type: "string", pattern } }, upcasters: { 1: from } },
      }).fingerprint;
    const plain = fingerprint((payload) => payload, /a/);
    expect(fingerprint((payload) => payload, /a/)).toBe(plain);
    expect(fingerprint((payload) => ({ ...payload }), /a/)).not.toBe(plain);
    expect(fingerprint((payload) => payload, /b/)).not.toBe(plain);
  });

  it("may hold a schema that holds itself", () => {
    const tree: Record<string, unknown> = { value: "number" };
    tree["left"] = { type: "object", optional: true, props: tree };
    const definition = { payload: { root: { type: "object", props: tree } } };
    expect(append(definition, { root: { value: 1, left: { value: 2 } } }).payload).toEqual({
      root: { value: 1, left: { value: 2 } },
    });
  });
});

describe("An event of the catalogue", () => {
  it("carries its schema's version, whatever the caller's meta is", () => {
    expect(append({ schemaVersion: 3 }, {}).meta).toMatchObject({ schemaVersion: 3 });
    const { meta, metaText } = append({ schemaVersion: 3 }, {}, { meta: { user: "ann", schemaVersion: 3 } });
    expect(meta).toEqual({ user: "ann", schemaVersion: 3, correlationId: "request-1", causationId: "call-1" });
    expect(JSON.parse(metaText)).toEqual(meta);
  });

  it("is refused with every problem at once, of all events", async () => {
    const catalogue = parseCatalogue(
      "bank",
      { "account.opened": { payload: { iban: "string", owner: { type: "string", min: 1 } } } },
      "refuse",
    );
    const events = [
      { type: "account.opened", payload: { iban: 5, owner: "" } },
      { type: "account.lost", payload: {} },
      { type: "account.opened", payload: { iban: "NZ1", owner: "Ann" }, meta: { schemaVersion: 2 } },
    ];
    const error = await refusal(() => toAppendRequest({ stream: "", events }, { ...context, catalogue }));
    expect(error.message.split("; ")).toEqual([
      'stream: found "", expected 1 to 255 Unicode characters without control characters',
      "events.0.payload.iban: found 5, expected a string",
      'events.0.payload.owner: found "", expected a string of at least 1 character',
      'events.1.type: found "account.lost", expected a type of the catalogue: account.opened',
      "events.2.meta.schemaVersion: found 2, expected 1, the catalogue's version",
    ]);
  });

  it("is checked as the JSON that is stored", () => {
    const at = new Date(0);
    expect(append({ payload: { at: "date" } }, { at, gone: undefined }).payload).toEqual({ at: at.toISOString() });
  });

  it("is stored as its schema sanitises it, in text and value, and the caller's object stays as it is", () => {
    const definition = {
      payload: {
        $$strict: "remove",
        name: "string|trim",
        city: { type: "string", default: "Wanaka" },
        rooms: "number|convert",
        tags: { type: "array", items: "string|trim" },
      },
    };
    const payload = { name: " Ann ", rooms: "5", tags: [" a"], extra: true };
    const before = structuredClone(payload);
    const event = append(definition, payload);
    expect(event.payload).toEqual({ name: "Ann", rooms: 5, tags: ["a"], city: "Wanaka" });
    expect(JSON.parse(event.payloadText)).toEqual(event.payload);
    expect(payload).toEqual(before);
  });

  it("may be no larger than the limit after its schema has sanitised it", async () => {
    const definition = { payload: { note: { type: "string", default: "x".repeat(100) } } };
    expect(await refusal(() => append(definition, {}, { maxEventBytes: 150 }))).toMatchObject({
      type: "EVENT_TOO_LARGE",
    });
    const trimmed = { payload: { note: "string|trim" } };
    expect(append(trimmed, { note: `x${" ".repeat(500)}` }, { maxEventBytes: 150 }).payload).toEqual({ note: "x" });
  });

  it.each([0, -1, 1.5, 4, "2", null, Number.MAX_VALUE])(
    "is refused with the schema version %j",
    async (schemaVersion) => {
      expect(await problemsOf({ schemaVersion: 3 }, {}, { meta: { schemaVersion } })).toEqual([
        ["events.0.meta.schemaVersion", schemaVersion, "a whole number from 1 to 3, the catalogue's version"],
      ]);
    },
  );

  it("is stored as sent where a caller names an older version, after a look at what it becomes", () => {
    const definition: EventDefinition = {
      schemaVersion: 2,
      payload: { owner: "string|trim" },
      upcasters: { 1: ({ name }) => ({ owner: name }) },
    };
    const { payload, payloadText, meta } = append(definition, { name: " Ann " }, { meta: { schemaVersion: 1 } });
    expect({ payload, payloadText }).toEqual({ payload: { name: " Ann " }, payloadText: '{"name":" Ann "}' });
    expect(meta["schemaVersion"]).toBe(1);
  });

  it("is refused where a caller names an older version whose payload does not become today's", async () => {
    const definition: EventDefinition = {
      schemaVersion: 3,
      payload: { owner: "string" },
      upcasters: { 2: ({ name }) => ({ owner: name }) },
    };
    expect(await problemsOf(definition, { name: 5 }, { meta: { schemaVersion: 2 } })).toEqual([
      [
        "events.0.payload",
        "an object",
        "a payload of schema version 2 that can be brought to version 3 (its payload does not fit version 3: payload.owner: found 5, expected a string)",
      ],
    ]);
    const [[, , expected]] = (await problemsOf(definition, {}, { meta: { schemaVersion: 1 } })) as [
      [string, unknown, string],
    ];
    expect(expected).toMatch(/the catalogue has no upcaster from version 1 to 2/);
  });

  it("of a type without an entry is stored as it is, unless unknown types are refused", async () => {
    const catalogue = parseCatalogue("bank", { "account.opened": {} });
    const event = { type: "account.noted", payload: { any: ["thing"] }, meta: { schemaVersion: 7 } };
    const [stored] = toAppendRequest({ stream: "account-1", events: [event] }, { ...context, catalogue }).events;
    expect(stored).toMatchObject({ payload: { any: ["thing"] }, meta: { schemaVersion: 7 } });
    expect(await problemsOf({}, {}, { type: "account.noted" })).toEqual([
      ["events.0.type", "account.noted", "a type of the catalogue: account.opened"],
    ]);
  });
});

describe("A repeat of an event of the catalogue", () => {
  const definition: EventDefinition = {
    schemaVersion: 2,
    payload: { owner: "string|trim", city: { type: "string", default: "Wanaka" } },
    upcasters: { 1: ({ name }) => ({ owner: name }) },
  };
  const isRepeat = (payload: object, stored: RecordedEvent, meta?: object) =>
    append(definition, payload, meta && { meta }).isSameToday!(stored);

  it("is recognised in what an older schema let pass, and sanitised", () => {
    expect(isRepeat({ owner: "Ann" }, recorded({ name: "Ann" }, 1))).toBe(true);
    expect(isRepeat({ owner: "Ann " }, recorded({ name: "Ann" }))).toBe(true);
    expect(isRepeat({ name: " Ann" }, recorded({ name: "Ann" }, 1), { schemaVersion: 1 })).toBe(true);
    expect(isRepeat({ owner: "Ann" }, recorded({ owner: " Ann" }, 2))).toBe(true);
  });

  it("is none where the payload is another, or the stored one cannot be read", () => {
    expect(isRepeat({ owner: "Ann" }, recorded({ name: "Bob" }, 1))).toBe(false);
    expect(isRepeat({ owner: "Ann" }, recorded({ name: 5 }, 1))).toBe(false);
  });

  it("is not decided where a newer release has stored the event", () => {
    expect(() => isRepeat({ owner: "Ann" }, recorded({ owner: "Ann" }, 3))).toThrow(NewerEventError);
  });
});

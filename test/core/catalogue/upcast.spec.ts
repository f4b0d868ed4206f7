import { parseCatalogue, type EventDefinition } from "../../../core/catalogue/catalogue.ts";
import type { EventUpcaster } from "../../../core/catalogue/upcasters.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { upcastAll, upcastEach } from "../../../core/catalogue/upcast-page.ts";
import { upcast } from "../../../core/catalogue/upcast.ts";
import { refusal } from "../../support/broker.ts";

const id = "0190a0b0-1111-7222-8333-444455556666";

const event = (payload: unknown, schemaVersion?: unknown, type = "account.opened"): RecordedEvent => ({
  id,
  type,
  stream: "account-1",
  version: 7,
  position: 9,
  time: "2024-01-01T00:00:00.000Z",
  payload: payload as RecordedEvent["payload"],
  meta: { correlationId: "r", causationId: "c", ...(schemaVersion !== undefined && { schemaVersion }) },
});

const read = (definition: EventDefinition, stored: RecordedEvent) =>
  upcast(parseCatalogue("bank", { "account.opened": definition }), stored)[0];

/** Four versions of an account: a name; an owner; an owner with a title; both in an object. */
const account: EventDefinition = {
  schemaVersion: 4,
  payload: { owner: { type: "object", props: { name: "string|trim", title: "string" } }, open: "boolean|default:true" },
  upcasters: {
    1: ({ name }) => ({ owner: name }),
    2: (payload) => Object.assign(payload, { title: "Dr" }),
    3: ({ owner, title }) => ({ owner: { name: owner, title } }),
  },
};

describe("An older event", () => {
  const today = { owner: { name: "Ann", title: "Dr" }, open: true };

  it.each([
    [undefined, { name: "Ann" }],
    [1, { name: " Ann " }],
    [2, { owner: "Ann" }],
    [3, { owner: "Ann", title: "Dr" }],
  ])("of version %j passes the rest of the chain, and today's schema", (schemaVersion, payload) => {
    const stored = event(payload, schemaVersion);
    const before = structuredClone(stored);
    expect(read(account, stored)).toEqual({
      ...before,
      payload: today,
      meta: { correlationId: "r", causationId: "c", schemaVersion: 4 },
    });
    expect(stored).toEqual(before);
  });

  it("is handed to each upcaster with the payload of its version", () => {
    const seen: unknown[] = [];
    const note = (payload: object, { payload: its, ...rest }: RecordedEvent) => {
      seen.push([structuredClone(payload), its === payload, rest]);
      return { ...payload, more: true };
    };
    const stored = event({ name: "Ann" });
    read({ schemaVersion: 3, upcasters: { 1: note, 2: note } }, stored);
    const { payload: _, ...rest } = stored;
    expect(seen).toEqual([
      [{ name: "Ann" }, true, rest],
      [{ name: "Ann", more: true }, true, rest],
    ]);
  });

  it("stays as it is stored, whatever an upcaster does to its copy before it fails", async () => {
    const stored = event({ name: "Ann", tags: ["a"] });
    const before = structuredClone(stored);
    const spoil = (payload: Record<string, unknown>, { meta }: RecordedEvent) => {
      (payload["tags"] as string[]).push("b");
      meta["schemaVersion"] = 5;
      throw new Error("spoilt");
    };
    await refusal(() => read({ schemaVersion: 2, upcasters: { 1: spoil } }, stored));
    expect(stored).toEqual(before);
  });
});

describe("An event of today's version", () => {
  it("is answered itself, unchecked", () => {
    const stored = event({ anything: "at all" }, 4);
    expect(read(account, stored)).toBe(stored);
    const first = event({ anything: "at all" });
    expect(read({ payload: { name: "string" } }, first)).toBe(first);
  });

  it("may be of a type without an entry, with any schema version", () => {
    const other = event({}, "mine", "account.noted");
    expect(read(account, other)).toBe(other);
  });
});

describe("An event that cannot be brought to today's version", () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  it.each<[string, EventDefinition, unknown, RegExp]>([
    [
      "an upcaster throws",
      {
        ...account,
        upcasters: {
          ...account.upcasters,
          1: () => {
            throw new Error("no name");
          },
        },
      },
      1,
      /^the upcaster from version 1 threw Error: no name$/,
    ],
    [
      "an upcaster is missing",
      { ...account, upcasters: { 1: (payload) => payload } },
      1,
      /^the catalogue has no upcaster from version 2 to 3$/,
    ],
    [
      "an upcaster answers nothing",
      { schemaVersion: 2, upcasters: { 1: () => undefined } },
      1,
      /^its payload does not fit version 2: payload: found undefined, expected a JSON value$/,
    ],
    [
      "an upcaster answers what JSON cannot hold",
      { schemaVersion: 2, upcasters: { 1: () => circle } },
      1,
      /payload.self: found an object, expected a JSON value without a circular reference$/,
    ],
    [
      "an upcaster answers a promise",
      { schemaVersion: 2, upcasters: { 1: () => Promise.reject(new Error("late")) } },
      1,
      /^the upcaster from version 1 returned a promise, expected a payload$/,
    ],
    [
      "an upcaster answers what throws when it is awaited",
      {
        schemaVersion: 2,
        upcasters: {
          1: () => ({
            // oxlint-disable-next-line unicorn/no-thenable -- an odd answer is what is tested
            then: () => {
              throw new Error("odd");
            },
          }),
        },
      },
      1,
      /^the upcaster from version 1 returned a promise, expected a payload$/,
    ],
    [
      "an upcaster answers what throws when it is read",
      {
        schemaVersion: 2,
        upcasters: {
          1: () => ({
            // oxlint-disable-next-line unicorn/no-thenable -- an odd answer is what is tested
            get then() {
              throw new Error("odd");
            },
          }),
        },
      },
      1,
      /^its payload does not fit version 2: payload.then: .*reading it throws Error: odd/,
    ],
    [
      "an upcaster throws what has no text",
      {
        schemaVersion: 2,
        upcasters: {
          1: () => {
            throw Object.create(null) as Error;
          },
        },
      },
      1,
      /^the upcaster from version 1 threw a value that cannot be read$/,
    ],
    [
      "the last payload does not fit today's schema",
      { schemaVersion: 2, payload: { owner: "string", city: "string" }, upcasters: { 1: () => ({ owner: 5 }) } },
      1,
      /^its payload does not fit version 2: payload.owner: found 5, expected a string; payload.city: found undefined, expected a value: the field is required$/,
    ],
    ["its version is none", account, "four", /^its schema version is not a whole number from 1 to 10000$/],
  ])("is refused where %s", async (_what, definition, schemaVersion, why) => {
    const error = await refusal(() => read(definition, event({ name: "Ann" }, schemaVersion)));
    expect(error).toMatchObject({
      name: "UpcastFailedError",
      type: "UPCAST_FAILED",
      code: 500,
      retryable: false,
      data: {
        id,
        type: "account.opened",
        position: 9,
        stream: "account-1",
        schemaVersion,
        why: expect.stringMatching(why),
      },
    });
    expect(error.message).toContain(`event ${id} (account.opened, position 9, schema version `);
  });

  it("needs a newer release where its version is above the catalogue's", async () => {
    expect(await refusal(() => read(account, event({ name: "Ann" }, 5)))).toMatchObject({
      name: "NewerEventError",
      type: "NEWER_EVENT",
      code: 503,
      retryable: true,
      message: "position 9 needs a release that knows account.opened version 5",
      data: { id, type: "account.opened", position: 9, stream: "account-1", schemaVersion: 5 },
    });
  });

  it("keeps the upcaster's error as the cause", async () => {
    const cause = new Error("no name");
    const upcasters = {
      1: () => {
        throw cause;
      },
    };
    expect((await refusal(() => read({ schemaVersion: 2, upcasters }, event({})))).cause).toBe(cause);
  });
});

describe("A page of events", () => {
  const catalogue = parseCatalogue("bank", { "account.opened": account });
  const good = event({ name: "Ann" });
  const bad = { ...event({ name: 5 }), id: "0190a0b0-1111-7222-8333-444455557777" };

  it("is refused, or comes with the events that cannot be read as they are stored, and named", async () => {
    expect((await refusal(() => upcastAll(catalogue, [good, bad]))).data).toMatchObject({ id: bad.id });
    const { events, unreadable } = upcastEach(catalogue, { events: [good, bad] });
    expect(events[0]!.meta["schemaVersion"]).toBe(4);
    expect(events[1]).toBe(bad);
    expect(unreadable).toEqual({
      [bad.id]: {
        name: "UpcastFailedError",
        type: "UPCAST_FAILED",
        code: 500,
        message: expect.stringContaining("payload.owner.name: found 5, expected a string"),
      },
    });
  });

  it("names nothing where all can be read", () => {
    expect(upcastEach(catalogue, { events: [good] })).not.toHaveProperty("unreadable");
    expect(upcastEach(parseCatalogue("bank", undefined), { events: [bad] })).toEqual({ events: [bad] });
  });
});

describe("An event that becomes others", () => {
  const of = (upcast: EventUpcaster["upcast"], to = ["a.made", "a.ended"]) =>
    parseCatalogue("bank", {
      "account.opened": {
        schemaVersion: 3,
        upcasters: { 1: { to, upcast }, 2: (payload) => ({ ...payload, two: true }) },
      },
      "a.made": { schemaVersion: 2, upcasters: { 1: (payload) => ({ ...payload, made: true }) } },
      "a.ended": { schemaVersion: 2, upcasters: { 1: { to: ["account.opened"], upcast: () => again } } },
    });
  const again = { type: "account.opened", payload: {}, schemaVersion: 1 };
  const typesOf = (upcast_: EventUpcaster["upcast"], to?: string[]) =>
    upcast(of(upcast_, to), event({ name: "Ann" })).map(({ id: of, type, payload, meta }) => [
      of.slice(id.length),
      type,
      payload,
      meta["schemaVersion"],
    ]);

  it("is brought to today's version of each, with ids that follow from its own", () => {
    expect(typesOf(() => null)).toEqual([]);
    expect(typesOf(() => [], [])).toEqual([]);
    expect(typesOf((payload) => ({ type: "a.made", payload }))).toEqual([
      ["", "a.made", { name: "Ann", made: true }, 2],
    ]);
    const both = [
      { type: "a.made", payload: 1, schemaVersion: 2 },
      { type: "a.ended", payload: {}, schemaVersion: 2 },
      { type: "account.opened", payload: {} },
    ];
    expect(typesOf(() => both, ["a.made", "a.ended", "account.opened"])).toEqual([
      ["", "a.made", 1, 2],
      [".2", "a.ended", {}, 2],
      [".3", "account.opened", { two: true }, 3],
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    [
      "a type that it does not name",
      { type: "b", payload: 1 },
      /returned an event of type "b", expected one of the types/,
    ],
    ["no event", 5, /returned 5, expected null, \{type, payload, schemaVersion\?\}, or an array of such objects$/],
    ["null among others", [null], /returned an array with null, expected null, \{type, payload, schemaVersion\?\}, or/],
    ["an array in an array", [[]], /returned an array with an array of 0, expected null, \{type, payload/],
    ["nothing", undefined, /returned undefined, expected what JSON can represent$/],
    ["no payload", { type: "a.made" }, /returned a.made with no payload, expected a JSON value$/],
    ["another field", { type: "a.made", payload: 1, id: 1 }, /returned the field id, expected only type, payload and/],
    [
      "a version too high",
      { type: "a.made", payload: 1, schemaVersion: 3 },
      /schema version 3, expected .* from 1 to 2$/,
    ],
    ["too many events", Array.from({ length: 1001 }, () => again), /returned 1001 events, expected at most 1000$/],
    ["a promise", Promise.resolve(null), /returned a promise, expected a payload$/],
    [
      "a circle",
      { type: "a.ended", payload: {} },
      /form a circle: account.opened version 1, a.ended version 1, account.opened version 1$/,
    ],
  ])("cannot be read if its upcaster returns %s", async (_what, answer, message) => {
    const error = await refusal(() => typesOf(() => answer as null));
    expect(error).toMatchObject({ type: "UPCAST_FAILED", data: { why: expect.stringMatching(message) } });
  });
});

import { Decider, EventStore, type RecordedEvent } from "moleculer-event-sourcing";
import { Validators, type BrokerOptions, type Context, type ServiceBroker } from "moleculer";
import { cleanUp, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const address = { type: "object", props: { street: "string", city: "string?" } } as const;

/** Each command and action stores all of its params but the id. */
async function start(options: BrokerOptions = {}): Promise<ServiceBroker> {
  const events = EventStore("events", { adapter: "memory:" });
  const keep = (_: object, { id: _id, ...payload }: { id: unknown }) => ({ type: "account.changed", payload });
  const account = Decider("account", {
    eventStore: events,
    initialState: () => ({}),
    commands: {
      deposit: { params: { amount: "number" }, decide: keep },
      move: { params: { address }, decide: keep },
      anything: { params: { $$strict: false, amount: "number", address }, decide: keep },
      remove: { params: { $$strict: "remove", amount: "number" }, decide: keep },
      close: { decide: keep },
      sign: {
        params: { amount: "number" },
        hooks: { before: (ctx: Context<{ by?: string }>) => void (ctx.params.by = "hook") },
        decide: keep,
      },
    },
    evolve: { "account.changed": (state) => state },
  });
  const payload = (params: object) => params as Record<string, unknown>;
  return startBroker(
    [
      {
        name: "account",
        mixins: [events.mixin(), account.mixin()],
        actions: {
          note: events.mapAction("account.noted", { params: { id: "string", text: "string" }, payload }),
          list: events.mapAction("account.listed", {
            params: {
              id: "string",
              list: { type: "array", items: address },
              short: { $$type: "object|optional", $$strict: true, n: "number" },
              free: { type: "object", optional: true, strict: false, props: { n: "number" } },
            },
          }),
        },
      },
    ],
    options,
  );
}

const stored = async (broker: ServiceBroker) =>
  (await eventsIn<RecordedEvent>(broker.call("events.read"))).map(({ payload }) => payload);

describe("Params that a command does not declare", () => {
  it.each<[string, object, string, string]>([
    ["deposit", { amount: 5, isAdmin: true }, "isAdmin", "one of the params id, amount"],
    ["deposit", { amount: 5, ammount: 6 }, "ammount", "(did you mean amount?)"],
    ["close", { isAdmin: true }, "isAdmin", "one of the params id"],
    ["move", { address: { street: "a", citty: "b" } }, "address.citty", "street, city (did you mean city?)"],
    ["note", { text: "a", isAdmin: true }, "isAdmin", "one of the params id, text"],
    ["list", { list: [{ street: "a" }, { street: "b", isAdmin: true }] }, "list.1.isAdmin", "street, city"],
    ["list", { list: [], short: { n: 1, m: 2 } }, "short.m", "one of the params n"],
  ])("are refused with their name: %s %j", async (action, params, field, expected) => {
    const broker = await start();
    expect(await refusal(() => broker.call(`account.${action}`, { id: "1", ...params }))).toMatchObject({
      code: 422,
      type: "VALIDATION_ERROR",
      message: expect.stringContaining(`${field}: found an unknown param`) as string,
      data: [{ field, expected: expect.stringContaining(expected) as string }],
    });
    expect(await stored(broker)).toEqual([]);
  });

  it("are accepted at any depth with $$strict: false, and removed with remove", async () => {
    const broker = await start();
    const open = { amount: 5, note: "a", address: { street: "b", floor: 2 } };
    await broker.call("account.anything", { id: "1", ...open });
    await broker.call("account.remove", { id: "1", amount: 5, isAdmin: true });
    await broker.call("account.list", { id: "1", list: [], free: { n: 1, m: 2 } });
    expect(await stored(broker)).toEqual([open, { amount: 5 }, { id: "1", list: [], free: { n: 1, m: 2 } }]);
  });

  it("may be added by a hook of the service, which runs after the check", async () => {
    const broker = await start();
    await broker.call("account.sign", { id: "1", amount: 5 });
    expect(await stored(broker)).toEqual([{ amount: 5, by: "hook" }]);
  });

  it("are up to the validator of the broker, which gets the params as they are written", async () => {
    const seen: unknown[] = [];
    class OtherValidator extends Validators.Base {
      override compile(schema: object) {
        seen.push(schema);
        return () => true as const;
      }
      override validate() {
        return true;
      }
      override convertSchemaToMoleculer(schema: object) {
        return schema;
      }
    }
    const broker = await start({ validator: new OtherValidator({}) });
    const written = [{ amount: "number" }, { address }, { id: "string", text: "string" }];
    for (const params of written) expect(seen).toContainEqual(params);
    await broker.call("account.deposit", { id: "1", amount: 5, more: true });
    expect(await stored(broker)).toEqual([{ amount: 5, more: true }]);
  });
});

describe("Fields of a payload that its schema does not declare", () => {
  const catalogue = {
    "account.opened": { payload: { owner: "string", address } },
    "account.noted": { payload: { $$strict: false, text: "string" } },
    "account.tagged": { payload: { tags: { type: "record", key: "string", value: "string" }, any: "object" } },
  } as const;
  const brokerWith = (events: { mixin: () => object }) => startBroker([{ name: "account", mixins: [events.mixin()] }]);
  const append = (broker: ServiceBroker, type: string, payload: object) =>
    broker.call("events.append", { stream: "account-1", events: [{ type, payload }] });

  it.each([
    [
      { owner: "ann", address: { street: "a" }, isAdmin: true },
      "events.0.payload.isAdmin",
      "no field but owner, address",
    ],
    [{ owner: "ann", address: { street: "a", stret: "b" } }, "events.0.payload.address.stret", "did you mean street?"],
  ])("are refused by append: %j", async (payload, field, expected) => {
    const broker = await brokerWith(EventStore("events", { adapter: "memory:", events: catalogue }));
    expect(await refusal(() => append(broker, "account.opened", payload))).toMatchObject({
      code: 422,
      data: [{ field, message: expect.stringContaining(expected) as string }],
    });
    expect(await broker.call("events.count")).toBe(0);
  });

  it("are stored with $$strict: false, and in objects whose fields are not declared", async () => {
    const broker = await brokerWith(EventStore("events", { adapter: "memory:", events: catalogue }));
    await append(broker, "account.noted", { text: "a", more: 1 });
    await append(broker, "account.tagged", { tags: { a: "b" }, any: { c: 1 } });
    expect(await stored(broker)).toEqual([
      { text: "a", more: 1 },
      { tags: { a: "b" }, any: { c: 1 } },
    ]);
  });

  it("stay readable in events that are stored already, and pass through upcasters", async () => {
    const events = EventStore("events", {
      adapter: "memory:",
      events: {
        "account.opened": {
          schemaVersion: 2,
          payload: { owner: "string" },
          upcasters: { 1: ({ name, ...rest }: Record<string, unknown>) => ({ ...rest, owner: name }) },
        },
      },
    });
    const broker = await brokerWith(events);
    const older = { type: "account.opened", payload: { name: "ann", more: 1 }, meta: { schemaVersion: 1 } };
    await broker.call("events.append", { stream: "account-1", events: [older] });
    expect(await stored(broker)).toEqual([{ owner: "ann", more: 1 }]);
  });
});

describe("The problems of a value that has several rules", () => {
  const only = { type: "object", props: { x: "number" } };
  const letters = { type: "record", key: "string|alpha", value: "number" };
  const objectId = { type: "objectID", ObjectID: { isValid: () => false } };
  it.each<[string, unknown, unknown, string, string]>([
    ["one kind or another", ["string", "number"], true, "", "a string or a finite number"],
    [
      "items of one kind or another",
      { type: "array", items: ["string", "number"] },
      [true],
      ".0",
      "a string or a finite",
    ],
    ["an unknown field of one", ["string", only], { x: 1, more: 2 }, ".more", "x"],
    ["a wrong field of one", ["string", only], { x: "y" }, ".x", "a finite number"],
    ["a record's key", letters, { a1: 1 }, ".a1", "a string of letters as the key"],
    ["a record's key beside another rule", ["string", letters], { a1: 1 }, ".a1", "a string of letters as the key"],
    ["an ObjectID", objectId, "x", "", "an ObjectID"],
    ["an ObjectID or a number", ["number", objectId], "x", "", "a finite number or an ObjectID"],
  ])("are one problem, in params as in a payload: %s", async (_name, rule, value, at, expected) => {
    const events = EventStore("events", { adapter: "memory:", events: { "a.b": { payload: { value: rule } } } });
    const actions = { map: events.mapAction("a.b", { stream: "new" }) };
    const broker = await startBroker([{ name: "host", mixins: [events.mixin()], actions }]);
    const payload = { value };
    const field = `value${at}`;
    for (const [action, params, found] of [
      ["events.append", { stream: "a-1", events: [{ type: "a.b", payload }] }, `events.0.payload.${field}`],
      ["host.map", payload, field],
    ] as const) {
      const { data, message } = (await refusal(() => broker.call(action, params))) as Error & { data: object[] };
      expect(data).toEqual([
        expect.objectContaining({ field: found, expected: expect.stringContaining(expected) as string }),
      ]);
      expect(message).toMatch(/^[^{}']+: found [^{}']+, expected [^{}']+$/);
    }
  });

  it("stay several where one rule makes them", async () => {
    const text = { type: "string", min: 3, pattern: /^a/ };
    const events = EventStore("events", { adapter: "memory:" });
    const map = events.mapAction("a.b", { params: { id: "string", text } });
    const broker = await startBroker([{ name: "host", mixins: [events.mixin()], actions: { map } }]);
    const { data } = (await refusal(() => broker.call("host.map", { id: "1", text: "b" }))) as Error & {
      data: object[];
    };
    expect(data).toHaveLength(2);
  });
});

describe("A reserved name", () => {
  const text = "none: the name is reserved for a later release";
  it.each([
    ["append", { stream: "a-1", events: [{ type: "a.b", payload: {} }], condition: {} }, "condition"],
    ["append", { stream: "a-1", events: [{ type: "a.b", payload: {} }], tags: [] }, "tags"],
    ["append", { stream: "a-1", events: [{ type: "a.b", payload: {}, tags: [] }] }, "events.0.tags"],
    ["read", { partition: 1 }, "partition"],
    ...["find", "list", "count"].flatMap((action) =>
      ["tags", "condition", "partition", "category"].map((name): [string, object, string] => [
        action,
        { [name]: ["a"] },
        name,
      ]),
    ),
    ["streams", { partition: 1 }, "partition"],
  ])("is refused by %s: %j", async (action, params, field) => {
    const broker = await start();
    const data = [{ field, expected: text }];
    expect(await refusal(() => broker.call(`events.${action}`, params))).toMatchObject({ code: 422, data });
  });

  it("is refused in definitions", async () => {
    const personal = { "a.b": { payload: { name: "string" }, personal: ["name"] } };
    expect(await refusal(() => EventStore("events", { events: personal }))).toMatchObject({
      type: "DEFINITION",
      message: `events.events.a.b.personal: found personal, expected ${text}`,
    });
    expect(await refusal(() => EventStore("tenant/events"))).toMatchObject({
      type: "DEFINITION",
      message: expect.stringMatching(/EventStore\.name: found "tenant\/events".*\/ is reserved/) as string,
    });
    const events = EventStore("events", { adapter: "memory:" });
    expect(
      await refusal(() => events.mapAction("a.b", { params: { id: "string" }, meta: { $command: 1 } })),
    ).toMatchObject({ type: "DEFINITION", data: [{ field: "events: a.b.meta.$command" }] });
  });

  it.each(["tags", "condition", "personal", "partition", "category"])(
    "is refused as an option of a mapped action, a mapped event and a command: %s",
    async (name) => {
      const events = EventStore("events", { adapter: "memory:" });
      const option = { [name]: ["a"] };
      const command = { decide: () => ({ type: "thing.done" }), ...option };
      const decider = { eventStore: events, initialState: () => ({}), evolve: { "thing.done": () => ({}) } };
      for (const [at, define] of [
        ["events: a.b", () => events.mapAction("a.b", { params: { id: "string" }, ...option })],
        ["events: a.b", () => events.mapEvent("a.b", option)],
        ["thing.commands.make", () => Decider("thing", { ...decider, commands: { make: command } })],
      ] as const)
        expect(await refusal(define)).toMatchObject({
          type: "DEFINITION",
          message: expect.stringContaining(`${at}.${name}: found "${name}", expected ${text}`) as string,
        });
    },
  );

  it("is refused in an event that decide returns", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    const given: { tags: { type: string; tags: string[] }; forged: { type: string; meta: object } } = {
      tags: { type: "thing.done", tags: [] },
      forged: { type: "thing.done", meta: { $command: { id: "other" } } },
    };
    const thing = Decider("thing", {
      eventStore: events,
      initialState: () => ({}),
      commands: { tags: { decide: () => given.tags }, forge: { decide: () => given.forged as { type: string } } },
      evolve: { "thing.done": (state) => state },
    });
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), thing.mixin()] }]);
    expect((await refusal(() => broker.call("thing.tags", { id: "1" }))).message).toContain("reserved");
    expect((await refusal(() => broker.call("thing.forge", { id: "1" }))).message).toContain("meta.$command");
    expect(await broker.call("events.count")).toBe(0);
  });
});

describe("An error of a rule for params", () => {
  const refused = async (params: object, sent: object) => {
    const events = EventStore("events", { adapter: "memory:" });
    const make = events.mapAction("thing.made", { params: { id: "string", ...params } });
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin()], actions: { make } }]);
    return refusal(() => broker.call("thing.make", { id: "1", ...sent }));
  };

  it("has the shape of every other one: found and expected, and nothing of the validator's own", async () => {
    const error = await refused({ n: "number", tags: { type: "array", items: "string" } }, { tags: ["a", 5] });
    expect(error.message).toBe(
      "n: found undefined, expected a value: the field is required; tags.1: found 5, expected a string",
    );
    expect(error.data).toEqual([
      {
        type: "required",
        field: "n",
        message: "n: found undefined, expected a value: the field is required",
        expected: "a value: the field is required",
        actual: "undefined",
      },
      {
        type: "invalid",
        field: "tags.1",
        message: "tags.1: found 5, expected a string",
        expected: "a string",
        actual: 5,
      },
    ]);
  });

  it.each([[[1, 2]], ["text"]])("names the params where they are no object: %j", async (params) => {
    const make = EventStore("events", { adapter: "memory:" }).mapAction("thing.made", { params: { id: "string" } });
    const broker = await startBroker([
      { name: "thing", actions: { make } },
      { name: "host", mixins: [EventStore("events", { adapter: "memory:" }).mixin()] },
    ]);
    const error = await refusal(() => broker.call("thing.make", params as object));
    expect(error).toMatchObject({ type: "VALIDATION_ERROR", code: 422, data: [{ field: "params", type: "invalid" }] });
  });

  it("keeps the message that its author gives", async () => {
    const n = { type: "number", messages: { number: "How many? {actual} is no number of {field}." } };
    const error = await refused({ n }, { n: "x" });
    expect(error.message).toBe("How many? x is no number of n.");
    expect(error.data).toMatchObject([{ type: "invalid", field: "n", message: error.message, actual: "x" }]);
  });
});

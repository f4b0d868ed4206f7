import {
  Aggregate,
  Decider,
  EventStore,
  ProcessManager,
  Subscription,
  type ParkedEvent,
} from "moleculer-event-sourcing";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { LogLines } from "./log-lines.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const event = { type: "thing.happened", payload: { n: 1 } };

describe("A mistake in a definition is refused:", () => {
  const strict = () =>
    EventStore("strict", { adapter: "memory:", events: { "thing.happened": {} }, unknownTypes: "refuse" });
  const untyped = (): { mapAction: (type: string, options?: object) => unknown; types: readonly string[] | null } =>
    strict() as never;
  const table = (pattern: string) =>
    Aggregate("table", { eventStore: strict(), adapter: "memory:", fields: { n: "integer" } }).on(pattern as "*");
  const events = EventStore("events", { adapter: "memory:" });

  it.each<[string, () => unknown, RegExp]>([
    ["a type that the store refuses, in mapAction", () => untyped().mapAction("thing.hapened"), /thing\.happened/],
    ["one that it refuses, in .on", () => table("thing.hapened"), /one of the store's types thing\.happened/],
    ["a pattern that none of its types matches", () => table("things.*"), /a pattern that one of them matches/],
    [
      "one that it refuses, in a subscription",
      () => Subscription("watch", { eventStore: strict(), on: { "thing.hapened": () => {} } as object }),
      /thing\.happened/,
    ],
    [
      "an option in other letters",
      () => events.mapAction("thing.happened", { expectedversion: "no-stream" } as object),
      /found "expectedversion", expected expectedVersion/,
    ],
    [
      "host as a text",
      () => EventStore("events", { adapter: "memory:", host: "false" as unknown as boolean }),
      /events\.host: found "false", expected true or false/,
    ],
  ])("%s", async (_, define, message) => {
    expect(await refusal(define)).toMatchObject({
      type: "DEFINITION",
      message: expect.stringMatching(message) as string,
    });
  });

  it("a pattern that one of the store's types matches is fine", () => {
    expect(() => table("thing.*")).not.toThrow();
  });
});

describe("A definition without its mixin()", () => {
  const events = EventStore("events", { adapter: "memory:" });
  const on = { "thing.happened": () => {} };
  const commands = { make: { decide: () => [] } };

  it.each<[string, object]>([
    ["an event store", events],
    ["an aggregate", newTable(events, "memory:").on("thing.happened").remove()],
    ["a decider", Decider("thing", { eventStore: events, initialState: () => ({}), commands, evolve: {} })],
    ["a subscription", Subscription("watch", { eventStore: events, on })],
    ["a process manager", ProcessManager("manager", { eventStore: events, on })],
  ])("is refused among the mixins, and as a service: %s", async (_, definition) => {
    for (const schema of [{ name: "host", mixins: [definition] }, definition])
      expect(await refusal(() => startBroker([schema as ServiceSchema]))).toMatchObject({
        type: "DEFINITION",
        message: expect.stringMatching(/\.mixins: found the .+ itself, expected the result of its mixin\(\)/) as string,
      });
  });
});

describe("A mixin without its call", () => {
  const events = EventStore("events", { adapter: "memory:" });
  const table = newTable(events, "memory:").on("thing.happened").remove();
  const commands = { make: { decide: () => [] } };
  const thing = Decider("thing", { eventStore: events, initialState: () => ({}), commands, evolve: {} });

  it.each([
    ["a table", table],
    ["a decider", thing],
  ])("is refused beside the mixin of %s", async (_, definition) => {
    const mixins = [Reflect.get(events, "mixin"), definition.mixin()] as never;
    expect(await refusal(() => startBroker([{ name: "host", mixins }]))).toMatchObject({
      type: "DEFINITION",
      message: expect.stringMatching(
        /^host\.mixins\.0: found a function, expected a mixin: the result of a call/,
      ) as string,
    });
  });
});

describe("A type without a mapping", () => {
  it.each(["mixin", "on"])("is refused by %s, which would lose it", async (step) => {
    const table = newTable(EventStore("events", { adapter: "memory:" }), "memory:");
    const unmapped = table.on("thing.happened") as unknown as Record<string, (type?: string) => unknown>;
    expect(await refusal(() => unmapped[step]!("thing.done"))).toMatchObject({
      type: "DEFINITION",
      message: expect.stringMatching(/^table\.on\("thing\.happened"\): found no mapping, expected create/) as string,
    });
  });
});

describe("A command id in the meta of a call", () => {
  it("has no effect, and is warned about once for each action", async () => {
    const lines = new LogLines();
    const events = EventStore("events", { adapter: "memory:" });
    const note = events.mapAction("thing.noted", { params: { id: "string" } });
    const decider = Decider("thing", {
      eventStore: events,
      initialState: () => ({}),
      commands: { make: { decide: () => ({ type: "thing.made" }) } },
      evolve: { "thing.made": (state) => state },
    });
    const services = [
      { name: "host", mixins: [events.mixin()], actions: { note } },
      { name: "thing", mixins: [decider.mixin()] },
    ];
    const broker = await startBroker(services, { logger: [lines] as never });
    const meta = { commandId: "c" };
    await broker.call("thing.make", { id: "1" }, { meta });
    await broker.call("host.note", { id: "1" }, { meta });
    const warning = /found a commandId in meta, where it has no effect: send it as headers.commandId/;
    expect(lines.of("warn", warning)).toHaveLength(2);
    const body = { stream: "a", events: [event] };
    for (let n = 0; n < 2; n++) {
      await broker.call("host.note", { id: "1" }, { meta });
      await broker.call("events.append", body, { meta });
      await broker.call("events.count", {}, { meta });
    }
    expect(await broker.call("events.count")).toBe(6);
    await broker.call("events.append", body, { meta, headers: { commandId: "c" } });
    expect(lines.of("warn", warning)).toEqual(
      ["thing.make: ", "host.note: ", "events.append: "].map((name) => expect.stringContaining(name) as string),
    );
  });
});

describe("A path of a claim that leads to no value, without a catalogue", () => {
  const warned = async (path: string, numbers: readonly (number | null)[]) => {
    const lines = new LogLines();
    const events = EventStore("events", { adapter: "memory:" });
    const order = Decider("order", {
      eventStore: events,
      initialState: () => ({}),
      commands: {
        make: {
          params: { n: { type: "number", nullable: true } },
          decide: (_, { n }) => ({ type: "order.made", payload: { n } }),
        },
      },
      evolve: { "order.made": (state) => state },
      claims: { number: { claim: { "order.made": path } } },
    });
    const broker = await startBroker([{ name: "order", mixins: [order.mixin()] }], { logger: [lines] as never });
    for (const [index, n] of numbers.entries()) await broker.call("order.make", { id: String(index), n });
    return lines.of("warn", /order\/number: found no value at nn? in the payload of order\.made, so it claims nothing/);
  };

  it("is warned about once", async () => {
    expect(await warned("nn", [1, 2, 3])).toHaveLength(1);
  });

  it("is not warned about where the value is null", async () => {
    expect(await warned("n", [1, null])).toEqual([]);
  });
});

describe("A rule that the validator does not know", () => {
  const events = EventStore("events", { adapter: "memory:" });
  const start = (schema: object) => startBroker([{ name: "host", ...schema } as ServiceSchema]);
  const commands = { make: { params: { n: "integer" } as object, decide: () => [] } };

  it.each<[string, () => unknown, string]>([
    [
      "a payload",
      () => EventStore("events", { adapter: "memory:", events: { "thing.happened": { payload: { n: "integer" } } } }),
      "events.events.thing.happened.payload.n",
    ],
    [
      "an object of a payload",
      () =>
        EventStore("events", {
          adapter: "memory:",
          events: { "thing.happened": { payload: { at: { type: "object", props: { n: { type: "integer" } } } } } },
        }),
      "events.events.thing.happened.payload.at.n",
    ],
    [
      "a mapped action",
      () =>
        start({
          mixins: [events.mixin()],
          actions: { make: events.mapAction("thing.happened", { params: { id: "string", n: "integer" } }) },
        }),
      "host.make.params.n",
    ],
    [
      "a command",
      () =>
        start({
          mixins: [
            Decider("thing", {
              eventStore: events,
              initialState: () => ({}),
              commands,
              evolve: {},
            }).mixin(),
          ],
        }),
      "host.make.params.n",
    ],
  ])("is refused with its field, in the rules of %s", async (_, define, field) => {
    const error = await refusal(define);
    expect(error).toMatchObject({ type: "DEFINITION", data: [{ field, actual: "integer" }] });
    expect(error.message).toContain('"number|integer" for a whole number');
  });
});

describe("A store that is hosted by no node", () => {
  it.each<[string, (events: ReturnType<typeof EventStore>) => object]>([
    [
      "a mapped action",
      (events) => ({ actions: { make: events.mapAction("thing.happened", { params: { id: "string" } }) } }),
    ],
    [
      "a command",
      (events) => {
        const commands = { make: { decide: () => [] } };
        return {
          mixins: [Decider("thing", { eventStore: events, initialState: () => ({}), commands, evolve: {} }).mixin()],
        };
      },
    ],
  ])("is named with what to mix in, by %s", async (_, schema) => {
    const events = EventStore("events", { host: false });
    const broker = await startBroker([{ name: "host", ...schema(events) }]);
    expect(await refusal(() => broker.call("host.make", { id: "1" }))).toMatchObject({
      type: "SERVICE_NOT_FOUND",
      message: expect.stringMatching(
        /^host\.make: found no host of the event store events, expected its mixin\(\)/,
      ) as string,
    });
  });
});

describe("A command id under another spelling of the header", () => {
  it.each<[string, object]>([
    ["headers.commandid", { headers: { commandid: "7" } }],
    ["headers.Command-Id", { headers: { "Command-Id": "7" } }],
  ])("is refused before anything is stored: %s", async (field, options) => {
    const events = EventStore("events", { adapter: "memory:" });
    const decider = Decider("thing", {
      eventStore: events,
      initialState: () => ({}),
      commands: { make: { decide: () => ({ type: "thing.made", payload: {} }) } },
      evolve: { "thing.made": (state) => state },
    });
    const actions = { map: events.mapAction("thing.happened", { params: { id: "string" } }) };
    const broker = await startBroker([{ name: "host", mixins: [decider.mixin()], actions }]);
    for (const [action, params] of [
      ["host.make", { id: "1" }],
      ["host.map", { id: "1" }],
      ["events.append", { stream: "a", events: [event] }],
    ] as const)
      expect(await refusal(() => broker.call(action, params, options))).toMatchObject({
        type: "VALIDATION_ERROR",
        data: [{ field, expected: expect.stringContaining("headers.commandId") as string }],
      });
    expect(await broker.call("events.count")).toBe(0);
  });
});

describe("A stream made from a missing param", () => {
  it.each<[string, unknown]>([
    ["thing-undefined", undefined],
    ["thing-NaN", NaN],
    ["thing-[object Object]", {}],
  ])("is refused: %s", async (stream, part) => {
    const events = EventStore("events", { adapter: "memory:" });
    const map = events.mapAction("thing.happened", {
      params: { n: "number" },
      stream: () => `thing-${part as string}`,
    });
    const broker = await startBroker([{ name: "host", mixins: [events.mixin()], actions: { map } }]);
    expect(await refusal(() => broker.call("host.map", { n: 1 }))).toMatchObject({
      type: "VALIDATION_ERROR",
      data: [{ field: "stream", actual: stream }],
    });
  });
});

describe("A mistake in a call", () => {
  it.each([
    ["events.read", { type: "thing.happened" }],
    ["events.streams", { stream: "a" }],
    ["events.find", { stream: "a" }],
    ["events.count", { type: "x" }],
    ["table.list", { qurey: {} }],
    ["table.find", { where: { n: 1 } }],
    ["table.find", { filter: { n: 1 } }],
    ["table.count", { readAfter: { events: 1 } }],
    ["table.list", { orderBy: "n" }],
    ["table.get", { id: "1", field: "n" }],
    ["table.resolve", { id: "1", field: "n" }],
    ["table.retry", { event: "1" }],
  ])("is refused where it names a param that %s does not have", async (action, params) => {
    const { broker } = await startTable(() => null);
    expect(await refusal(() => broker.call(action, params))).toMatchObject({ code: 422, type: "VALIDATION_ERROR" });
  });
});

describe("A number as a row's id", () => {
  it("is taken for its text", async () => {
    const { broker } = await startTable(() => ({ id: 5 as unknown as string, n: 1 }));
    await broker.call("events.append", { stream: "a", events: [event] });
    await caughtUp(broker, "table");
    expect(await broker.call("table.find")).toEqual([{ id: "5", n: 1 }]);
    for (const id of [5, 5n]) {
      expect(await broker.call("table.get", { id })).toEqual({ id: "5", n: 1 });
      expect(await broker.call("table.resolve", { id: [id], mapping: true })).toEqual({ "5": { id: "5", n: 1 } });
      expect(await broker.call("table.count", { query: { id } })).toBe(1);
    }
  });
});

describe("A mistake in a transform", () => {
  it("parks the event where it answers before its query did", async () => {
    const { broker } = await startTable((_event, { get }) => {
      void get("1");
      return { n: 2 };
    });
    await broker.call("events.append", { stream: "a", events: [event] });
    await caughtUp(broker, "table");
    const parked: ParkedEvent[] = await eventsIn(broker.call("table.parked"));
    expect(parked).toMatchObject([{ error: { type: "FOLD_ENDED" } }]);
    expect(await broker.call("table.count")).toBe(0);
  });

  it("parks the event where it does not wait for a query that is refused", async () => {
    const { broker } = await startTable((_event, { find }) => {
      void find({ query: { unknown: 1 } });
      return { n: 2 };
    });
    await broker.call("events.append", { stream: "a", events: [event] });
    await caughtUp(broker, "table");
    const parked: ParkedEvent[] = await eventsIn(broker.call("table.parked"));
    expect(parked).toMatchObject([{ error: { type: "FOLD_ENDED" } }]);
  });
});

describe.each(["memory:", "sqlite:"])("A transform without an await, of a table on %s", (engine) => {
  const place = () => (engine === "sqlite:" ? `sqlite:${newFolder()}/table.db` : engine);

  it.each<[string, Transforming, string]>([
    [
      "a row that it got",
      async (_event, { get }) => {
        const before = get("1") as unknown as { n?: number };
        return { n: before.n ?? 1 };
      },
      "get",
    ],
    [
      "a row that it got before others that it waits for",
      async (_event, { find, get }) => {
        void get("1");
        await find();
        return { n: 1 };
      },
      "get",
    ],
    [
      "rows that it wants all together",
      async (_event, { get }) => {
        void Promise.all([get("1"), get("2")]);
        return { n: 1 };
      },
      "get",
    ],
    [
      "a call",
      (_event, { ctx }) => {
        void ctx.call("table.count");
        return { n: 1 };
      },
      'ctx.call("table.count")',
    ],
    [
      "a call that fails",
      async (_event, { ctx }) => {
        void ctx.call("missing.action");
        return { n: 1 };
      },
      'ctx.call("missing.action")',
    ],
    [
      "several calls",
      async (_event, { ctx }) => {
        void ctx.mcall([{ action: "table.count", params: {} }]);
        return { n: 1 };
      },
      "ctx.mcall",
    ],
  ])("parks the event where it does not wait for %s", async (_, transform, what) => {
    const { broker } = await startTable(transform, place());
    await broker.call("events.append", { stream: "a", events: [event] });
    await caughtUp(broker, "table");
    const parked: ParkedEvent[] = await eventsIn(broker.call("table.parked"));
    const message = expect.stringContaining(`without an await of ${what};`) as string;
    expect(parked).toMatchObject([{ error: { type: "FOLD_ENDED", message } }]);
    expect(await broker.call("table.count")).toBe(0);
  });

  it.each<[string, Transforming]>([
    ["answers the query's own promise", (_event, { get }) => get("1").then((row) => row ?? { n: 1 })],
    ["answers it later", async (_event, { find }) => find().then(([row]) => row ?? { n: 1 })],
    [
      "waits for several at once",
      async (_event, { get, find, ctx }) => {
        const [row, rows, count] = await Promise.all([get("1"), find(), ctx.call("table.count")]);
        return { n: (row?.n ?? 0) + rows.length + (count as number) + 1 };
      },
    ],
    [
      "awaits one twice, with catch and finally",
      async (_event, { get }) => {
        const row = get("1")
          .catch(() => null)
          .finally(() => {});
        await row;
        return { n: (await row)?.n ?? 1 };
      },
    ],
    [
      "catches a refusal",
      async (_event, { find }) => {
        await find({ query: { unknown: 1 } }).catch(() => []);
        return { n: 1 };
      },
    ],
  ])("folds the event where it %s", async (_, transform) => {
    const { broker } = await startTable(transform, place());
    await broker.call("events.append", { stream: "a", events: [event] });
    await caughtUp(broker, "table");
    expect(await eventsIn(broker.call("table.parked"))).toEqual([]);
    expect(await broker.call("table.find")).toMatchObject([{ n: 1 }]);
  });
});

describe.each(["memory:", "sqlite:"])("A second mapping of an event, of a table on %s,", (engine) => {
  it("sees the rows of the first, whose id is the event's, and gives ids with its ordinal", async () => {
    const adapter = engine === "sqlite:" ? `sqlite:${newFolder()}/table.db` : engine;
    const events = EventStore("events", { adapter: "memory:" });
    const table = newTable(events, adapter)
      .on("thing.happened")
      .create(({ id }) => ({ id, n: 1 }))
      .on("thing.*")
      .create(async ({ id }, { get }) => ({ n: ((await get(id))?.n ?? 0) + 1 }));
    const broker = await startBroker([{ name: "host", mixins: [events.mixin(), table.mixin()] }]);
    await broker.call("events.append", { stream: "a", events: [event] });
    await caughtUp(broker, "table");
    const [{ id } = { id: "" }] = await eventsIn(broker.call<{ events: { id: string }[] }, object>("events.read", {}));
    expect(await broker.call("table.find", { sort: "n" })).toEqual([
      { id, n: 1 },
      { id: `${id}:2`, n: 2 },
    ]);
  });
});

describe("A version without its upcaster", () => {
  it("is warned about when the service starts", async () => {
    const logger = new LogLines();
    const events = EventStore("events", {
      adapter: "memory:",
      events: { "thing.happened": { schemaVersion: 3, upcasters: { 1: (payload) => payload } } },
    });
    await startBroker([{ name: "host", mixins: [events.mixin()] }], { logger });
    expect(
      logger.of("warn", /thing\.happened is at version 3, but not every older version has an upcaster/),
    ).toHaveLength(1);
  });
});

describe("A store in two processes' own files", () => {
  const host = (nodeID: string) => {
    const events = EventStore("events", { adapter: `sqlite:${newFolder()}/events.db` });
    return startBroker([{ name: nodeID, mixins: [events.mixin()] }], { nodeID, transporter: "Fake" });
  };

  it("stores nothing while there are two, says why, and goes on when one has ended", async () => {
    const one = await host("one");
    await one.call("events.append", { stream: "a", events: [event] });
    const two = await host("two");
    for (const [broker, other] of [
      [one, "two"],
      [two, "one"],
    ] as const) {
      const { nodeID } = broker;
      await eventually(async () =>
        expect(await broker.call("events.status", {}, { nodeID })).toMatchObject({
          state: "stopped",
          cause: expect.stringContaining(`is also hosted by ${other}`) as string,
        }),
      );
      const count = await broker.call("events.count", {}, { nodeID });
      const append = () => broker.call("events.append", { stream: "a", events: [event] }, { nodeID });
      expect(await refusal(append)).toMatchObject({
        type: "UNUSABLE_STORE",
        message: expect.stringContaining("host: false") as string,
      });
      expect(await broker.call("events.count", {}, { nodeID })).toBe(count);
    }
    await two.stop();
    await eventually(() => one.call("events.append", { stream: "a", events: [event] }));
  });
});

describe("An append from another node", () => {
  it("is refused before anything is written where its answer would be more than a message", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    const store = await startBroker([{ name: "host", mixins: [events.mixin()] }], { nodeID: "A", transporter: "Fake" });
    const caller = await startBroker([], { nodeID: "B", transporter: "Fake" });
    await caller.waitForServices("events");
    const many = Array.from({ length: 2000 }, () => ({ ...event, payload: { text: "x".repeat(400) } }));
    expect(await refusal(() => caller.call("events.append", { stream: "a", events: many }))).toMatchObject({
      code: 413,
      type: "EVENT_TOO_LARGE",
      data: { field: "events" },
    });
    expect(await store.call("events.count")).toBe(0);
    await store.call("events.append", { stream: "a", events: many });
    expect(await store.call("events.count")).toBe(2000);
  });
});

describe("An event that is too large for a message to the store's node", () => {
  const remote = EventStore("events", { host: false });
  const text = "x".repeat(300 * 1024);
  const decide = () => Array.from({ length: 4 }, () => ({ type: "thing.noted", payload: { text } }));
  const thing = Decider("thing", {
    eventStore: remote,
    initialState: () => ({}),
    commands: { note: { decide } },
    evolve: { "thing.noted": (state) => state },
  });
  const note = remote.mapAction("thing.noted", { stream: "things", payload: () => ({ text: text.repeat(4) }) });

  it("is refused with the name of the action that its caller knows", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    const store = await startBroker([{ name: "host", mixins: [events.mixin()] }], { nodeID: "A", transporter: "Fake" });
    const services = [
      { name: "thing", mixins: [thing.mixin()] },
      { name: "book", actions: { note } },
    ];
    const broker = await startBroker(services, { nodeID: "B", transporter: "Fake" });
    await broker.waitForServices("events");
    for (const [action, params, named] of [
      ["thing.note", { id: "1" }, "thing.note"],
      ["thing.dryRun", { command: "note", params: { id: "1" } }, "thing.note"],
      ["book.note", {}, "book.note"],
    ] as const)
      expect(await refusal(() => broker.call<unknown, object>(action, params))).toMatchObject({
        type: "EVENT_TOO_LARGE",
        data: { field: `${named}: events` },
      });
    expect(await store.call("events.count")).toBe(0);
  });
});

type Transform = Parameters<ReturnType<ReturnType<typeof newTable>["on"]>["create"]>[0];

type Transforming = Extract<Transform, (...args: never[]) => unknown>;

function newTable(eventStore: ReturnType<typeof EventStore>, adapter: string) {
  return Aggregate("table", { eventStore, adapter, fields: { n: "integer" }, onError: { retries: 0 } });
}

async function startTable(transform: Transforming, adapter = "memory:"): Promise<{ broker: ServiceBroker }> {
  const events = EventStore("events", { adapter: "memory:" });
  const table = newTable(events, adapter).on("thing.happened").create(transform);
  return { broker: await startBroker([{ name: "host", mixins: [events.mixin(), table.mixin()] }]) };
}

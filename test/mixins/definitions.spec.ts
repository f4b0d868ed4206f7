import { Aggregate, Decider, EventStore, ProcessManager, Subscription } from "moleculer-event-sourcing";
import { moleculerDb } from "moleculer-event-sourcing/adapters/moleculer-db";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { mongodb } from "moleculer-event-sourcing/adapters/mongodb";
import { nats } from "moleculer-event-sourcing/adapters/nats";
import { postgres } from "moleculer-event-sourcing/adapters/postgres";
import { sqlite } from "moleculer-event-sourcing/adapters/sqlite";
import { cleanUp, refusal, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

/** A value of each kind; most are wrong for any option. */
const kinds = {
  null: null,
  5: 5,
  "-1": -1,
  NaN: Number.NaN,
  text: "x",
  empty: "",
  true: true,
  array: [],
  object: {},
  odd: { odd: 5 },
  function: () => {},
  async: async () => {},
  Date: new Date(0),
  Map: new Map(),
  BigInt: 1n,
  symbol: Symbol("s"),
};

/** A value that a caller without types would pass. */
const as = (value: unknown) => value as never;

const events = EventStore("events", { adapter: "memory:" });
const decided = {
  eventStore: events,
  initialState: () => ({}),
  commands: { act: { decide: () => [] } },
  evolve: { "a.b": (state: unknown) => state },
};
const whole = "5";
const functions = "function async";

type Make = (options: object) => unknown;

/** By factory, the kinds (of `kinds`, separated by spaces) that each option accepts; all others are refused. */
const factories: [factory: string, make: Make, options: Record<string, string>][] = [
  [
    "EventStore",
    (options) => EventStore("e", as({ adapter: "memory:", ...options })),
    {
      adapter: "",
      events: "object",
      unknownTypes: "",
      pump: "object",
      "pump.batchSize": whole,
      "pump.timeoutMs": whole,
      leaseMs: "",
      maxEventBytes: whole,
      maxPending: "object",
      "maxPending.appends": whole,
      "maxPending.bytes": whole,
      host: "true",
      actions: "object",
      "actions.append": "object odd",
      "actions.append.visibility": "",
      "actions.append.params": "",
      "actions.append.handler": "",
    },
  ],
  [
    "Aggregate",
    (options) => Aggregate("a", as({ eventStore: events, adapter: "memory:", fields: { n: "integer" }, ...options })),
    {
      eventStore: "",
      fields: "",
      "fields.n": "",
      adapter: "",
      onError: "object function",
      "onError.retries": whole,
      "onError.delayMs": whole,
      "onError.timeoutMs": whole,
      "onError.maxParkedInARow": whole,
      "onError.park": "true",
      "onError.decide": "function",
      readAfterTimeoutMs: whole,
      startFrom: "",
      formerName: "text",
      definitionVersion: "5 -1 text empty",
      onChange: "",
      snapshots: "object",
      "snapshots.folder": "text",
      "snapshots.keep": whole,
      actions: "object",
      "actions.skip": "object odd",
      "actions.skip.visibility": "",
      "actions.skip.params": "",
      "actions.skip.handler": "",
      pageSize: whole,
      maxPageSize: whole,
      maxLimit: "5 -1",
      populates: "object odd",
      excludeFields: "array",
    },
  ],
  [
    "Decider",
    (options) => Decider("d", as({ ...decided, ...options })),
    {
      eventStore: "",
      stream: "function",
      initialState: "",
      commands: "",
      "commands.act": "",
      evolve: "object",
      "evolve.x": "function",
      stateSnapshots: "",
      "stateSnapshots.every": whole,
      claims: "object",
      "claims.name": "",
      conflictRetries: whole,
      actions: "object",
      "actions.history": "object odd",
      "actions.history.visibility": "",
      "actions.history.params": "",
    },
  ],
  [
    "a command",
    (options) => Decider("d", as({ ...decided, commands: { act: { decide: () => [], ...options } } })),
    { decide: functions, params: "object odd", visibility: "", handler: "" },
  ],
  [
    "a claim",
    (options) => Decider("d", as({ ...decided, claims: { name: { claim: { "a.b": () => "a" }, ...options } } })),
    { claim: "", release: "object array", ignoreCase: "true" },
  ],
  [
    "ProcessManager",
    (options) => ProcessManager("p", as({ eventStore: events, correlate: () => "", on: { a: () => {} }, ...options })),
    {
      eventStore: "",
      correlate: functions,
      initialState: "",
      on: "",
      "on.x": functions,
      deadlines: "object",
      "deadlines.x": functions,
      onError: "object function",
      compensate: functions,
      startFrom: "",
      formerName: "text",
      maxDepth: whole,
      actions: "object",
      "actions.skip": "object odd",
      "actions.skip.visibility": "",
      "actions.skip.params": "",
      "actions.skip.handler": "",
    },
  ],
  [
    "Subscription",
    (options) => Subscription("s", as({ eventStore: events, on: { a: () => {} }, ...options })),
    {
      eventStore: "",
      on: "",
      "on.x": `text ${functions}`,
      startFrom: "",
      formerName: "text",
      onError: "object function",
      actions: "object",
      "actions.skip": "object odd",
      "actions.skip.visibility": "",
      "actions.skip.params": "",
      "actions.skip.handler": "",
    },
  ],
  ...(["mapAction", "mapEvent"] as const).map((name): [string, Make, Record<string, string>] => [
    name,
    (options) => events[name as "mapAction"]("a.b", as({ stream: "b", ...options })),
    {
      stream: `text ${functions}`,
      payload: functions,
      meta: `object odd ${functions}`,
      expectedVersion: `5 ${functions}`,
      commandId: functions,
      params: "object odd",
      visibility: "",
      handler: "",
    },
  ]),
  ["sqlite", (options) => sqlite("a.db", as(options)), { durability: "" }],
  ["nats", (options) => nats("nats://a", as(options)), { replicas: whole, prefix: "text empty", folder: "text" }],
  ["mongodb", (options) => mongodb("mongodb://a/b", as(options)), { folder: "text", driver: "object odd" }],
  [
    "postgres",
    (options) => postgres("postgres://a/b", as(options)),
    { schema: "text", timeoutMs: whole, durability: "", folder: "text" },
  ],
  [
    "moleculerDb",
    (options) => moleculerDb(() => {}, as(options)),
    { file: "text", hosts: "", durability: "", collection: "text" },
  ],
];

const cases = factories.flatMap(([factory, make, options]) =>
  Object.entries(options).map(([option, taken]) => ({ factory, make, option, taken })),
);

/** `{pump: {batchSize: value}}` for `pump.batchSize`. */
const given = (option: string, value: unknown): object =>
  option
    .split(".")
    .toReversed()
    .reduce((inner: unknown, name) => ({ [name]: inner }), value) as object;

describe("An option of another kind than it has to be", () => {
  it.each(cases)("is refused with its name: $option of $factory", async ({ make, option, taken }) => {
    const found: string[] = [];
    for (const [kind, value] of Object.entries(kinds)) {
      const define = () => make(given(option, value));
      if (taken.split(" ").includes(kind)) {
        define();
        continue;
      }
      const { type, data } = await refusal(define).catch(() => ({ type: "none", data: null }));
      const [{ field } = {}] = (data ?? []) as { field?: string }[];
      const isNamed = type === "UNKNOWN_ADAPTER" || field?.includes(option.split(".").at(-1)!);
      if (!isNamed || !["DEFINITION", "UNKNOWN_ADAPTER"].includes(type!)) found.push(`${kind}: ${type} ${field}`);
    }
    expect(found).toEqual([]);
  });

  it.each([null, 5, "x", [], new Map(), () => {}])("is refused in place of all options: %p", async (wrong) => {
    for (const define of [
      () => EventStore("e", as(wrong)),
      () => Aggregate("a", as(wrong)),
      () => Decider("d", as(wrong)),
      () => ProcessManager("p", as(wrong)),
      () => Subscription("s", as(wrong)),
      () => events.mapAction("a.b", as(wrong)),
      () => events.mapEvent("a.b", as(wrong)),
      () => sqlite("a.db", as(wrong)),
      () => memory(as(wrong === "x" ? "" : wrong)),
    ])
      expect(await refusal(define)).toMatchObject({ type: "DEFINITION", code: 500 });
  });
});

describe("A definition that would protect less than it says", () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      "a visibility that Moleculer does not have",
      () => EventStore("e", { adapter: "memory:", actions: { append: { visibility: as("secret") } } }),
      /e\.actions\.append\.visibility: found "secret", expected one of "published", "public", "protected" and "private"/,
    ],
    [
      "one for all actions",
      () => EventStore("e", { adapter: "memory:", actions: as("protected") }),
      /e\.actions: found "protected"/,
    ],
    [
      "a visibility beside the actions",
      () => EventStore("e", as({ adapter: "memory:", visibility: { append: "protected" } })),
      /e\.visibility: found "visibility", expected actions: \{ <action>: \{ visibility \} \}/,
    ],
    [
      "an option of an action that is nearly visibility",
      () => EventStore("e", { adapter: "memory:", actions: { append: as({ visiblity: "protected" }) } }),
      /e\.actions\.append\.visiblity: found "visiblity", expected visibility/,
    ],
    [
      "a handler of an action that has its own",
      () => Subscription("s", { ...handlers, actions: { retry: as({ handler: () => null }) } }),
      /s\.actions\.retry\.handler: found .*, expected none: the action has its own/,
    ],
    [
      "an action that no decider has",
      () => Decider("d", as({ ...decided, actions: { histroy: { visibility: "private" } } })),
      /d\.actions\.histroy: found "histroy", expected one of the actions state, history, dryRun \(did you mean history\?\)/,
    ],
    [
      "an option that is nearly expectedVersion",
      () => events.mapAction("a.b", as({ expectVersion: 0 })),
      /a\.b\.expectVersion: found "expectVersion", expected expectedVersion/,
    ],
    [
      "no params, from which the stream takes its id",
      () => events.mapAction("thing.created"),
      /: thing\.created\.params: found none, expected an id among them, because the default stream is thing-<id>; or the option stream/,
    ],
    [
      "params without id",
      () => events.mapAction("thing.created", { params: { $$strict: true, name: "string" } }),
      /found name, without id, expected an id among them/,
    ],
    [
      "one rule for all params, without id",
      () => events.mapAction("thing.created", { params: { $$root: true, type: "object", props: { name: "string" } } }),
      /without id, expected an id among them/,
    ],
    [
      "params of a mapped event without id",
      () => events.mapEvent("thing.created", { params: { name: "string" } }),
      /found name, without id, expected an id among them/,
    ],
    [
      "an option that is nearly visibility",
      () => events.mapAction("a.b", as({ visiblity: "protected" })),
      /expected visibility/,
    ],
    [
      "one of a command",
      () => Decider("d", as({ ...decided, commands: { act: { decide: () => [], hook: {} } } })),
      /d\.commands\.act\.hook: found "hook", expected hooks/,
    ],
    [
      "a field to exclude that the rows do not have",
      () => Aggregate("a", { eventStore: events, fields: { secret: "string" }, excludeFields: ["secrt"] }),
      /a\.excludeFields\.0: found "secrt", expected one of the fields id, secret \(did you mean secret\?\)/,
    ],
  ])("is refused: %s", async (_, define, message) => {
    expect(await refusal(define)).toMatchObject({
      type: "DEFINITION",
      message: expect.stringMatching(message) as string,
    });
  });

  it.each<[string, () => { mixin: () => object }]>([
    ["store", () => EventStore("e", { adapter: "memory:", actions: as({ apend: { visibility: "protected" } }) })],
    [
      "aggregate",
      () =>
        Aggregate("a", {
          eventStore: events,
          adapter: "memory:",
          fields: { n: "integer" },
          actions: as({ skp: { visibility: "protected" } }),
        })
          .on("a.b")
          .create(() => null),
    ],
    [
      "process manager",
      () => ProcessManager("p", { ...processes, actions: as({ procsses: { visibility: "protected" } }) }),
    ],
    ["subscription", () => Subscription("s", { ...handlers, actions: as({ retri: { visibility: "protected" } }) })],
  ])("is refused where it is mixed in: an action that the %s does not have", async (_, define) => {
    const broker = await startBroker([{ name: "host", mixins: [events.mixin()] }]);
    expect(await refusal(() => broker.createService({ name: "mixed", mixins: [define().mixin()] }))).toMatchObject({
      type: "DEFINITION",
      message: expect.stringMatching(/actions\.\w+: found .* \(did you mean \w+\?\)/) as string,
    });
  });

  it("is none where the id is in a rule for all params, or the schema is that of another validator", () => {
    class OtherSchema {
      readonly fields = { name: "text" };
    }
    const root = { $$root: true, type: "object", props: { id: "string" } };
    for (const params of [root, new OtherSchema()])
      expect(() => events.mapAction("thing.created", { params: as(params) })).not.toThrow();
    expect(() => events.mapEvent("thing.created")).not.toThrow();
  });

  it("is none where a middleware's option only begins like one of ours", () => {
    expect(() =>
      events.mapAction("a.b", as({ stream: "b", metadata: 1, streaming: true, parameters: {} })),
    ).not.toThrow();
  });
});

const handlers = { eventStore: events, on: { "a.b": () => {} } };
const processes = { ...handlers, correlate: () => "a" };

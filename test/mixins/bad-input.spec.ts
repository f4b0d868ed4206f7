import { readdirSync } from "node:fs";
import { Aggregate, EventStore, type RecordedEvent } from "moleculer-event-sourcing";
import type { Service, ServiceBroker, ServiceSchema } from "moleculer";
import { v7 } from "uuid";
import { caughtUp, cleanUp, newBroker, newFolder, refusal, startBroker } from "../support/broker.ts";
import { openParams } from "../support/open-params.ts";
import { eventsIn, streamsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

const maxEventBytes = 2000;

const newStore = (name = "events", folder = newFolder()) =>
  EventStore(name, { adapter: `sqlite:${folder}/${name}.db`, maxEventBytes });

/** A broker whose log and table contain one good event each, so that "nothing is written" can be checked. */
async function brokerWithOne(): Promise<ServiceBroker> {
  const events = newStore();
  const table = Aggregate("table", {
    eventStore: events,
    fields: { name: "string", size: "integer", at: "date", source: "object" },
    onError: { retries: 0 },
  })
    .on("thing.created")
    .create((event) => ({ id: event.id, ...event.payload }));
  const broker = await startBroker([
    {
      name: "thing",
      mixins: [events.mixin(), table.mixin()],
      actions: { create: events.mapAction("thing.created", { params: openParams }) },
    },
  ]);
  await broker.call("thing.create", { id: "1", name: "good" });
  await caughtUp(broker, "table");
  return broker;
}

/** Everything that a refused call could have changed. */
async function contentOf(broker: ServiceBroker): Promise<unknown> {
  await caughtUp(broker, "table");
  const { head: position }: { head: number } = await broker.call("events.status");
  return {
    position,
    events: await eventsIn(broker.call("events.read", { limit: 100 })),
    streams: await streamsIn(broker.call("events.streams")),
    rows: await broker.call("table.find"),
    parked: await eventsIn(broker.call("table.parked")),
  };
}

function circle(): object {
  const above: { inner: { above?: object } } = { inner: {} };
  above.inner.above = above;
  return above;
}

const good = { stream: "thing-1", events: [{ type: "thing.created", payload: { name: "x" } }] };
const withEvent = (event: unknown) => ({ ...good, events: [event] });
const withPayload = (payload: unknown) => withEvent({ type: "thing.created", payload });
const rule = "1 to 255 Unicode characters without control characters";

describe("An append with bad input", () => {
  it.each<[string, object, { field: string; actual: unknown; expected: unknown }]>([
    ["no stream", { ...good, stream: undefined }, { field: "stream", actual: "undefined", expected: rule }],
    ["an empty stream name", { ...good, stream: "" }, { field: "stream", actual: "", expected: rule }],
    [
      "a stream name of 300 characters",
      { ...good, stream: "x".repeat(300) },
      { field: "stream", actual: `${"x".repeat(188)}… (300 long)`, expected: rule },
    ],
    [
      "a line break in the stream name",
      { ...good, stream: "thing-1\n" },
      { field: "stream", actual: "thing-1\n", expected: rule },
    ],
    [
      "a stream of the framework",
      { ...good, stream: "$snapshots" },
      { field: "stream", actual: "$snapshots", expected: expect.stringContaining('begin with "$"') },
    ],
    ["a stream that is no string", { ...good, stream: 42 }, { field: "stream", actual: 42, expected: rule }],
    [
      "no events",
      { ...good, events: [] },
      { field: "events", actual: "an array of 0", expected: "an array of 1 to 2000 events" },
    ],
    [
      "events that are no array",
      { ...good, events: good.events[0] },
      { field: "events", actual: "an object", expected: "an array of 1 to 2000 events" },
    ],
    [
      "too many events",
      { ...good, events: Array.from({ length: 2001 }, () => good.events[0]) },
      { field: "events", actual: "an array of 2001", expected: "an array of 1 to 2000 events" },
    ],
    [
      "an event that is none",
      withEvent(null),
      { field: "events.0", actual: null, expected: "an event: {type, payload, id?, meta?}" },
    ],
    [
      "an event without type",
      withEvent({ payload: {} }),
      { field: "events.0.type", actual: "undefined", expected: rule },
    ],
    [
      "an event of a type with wildcards",
      withEvent({ type: "thing.*", payload: {} }),
      { field: "events.0.type", actual: "thing.*", expected: "a name without wildcards" },
    ],
    [
      "an event of the framework's type",
      withEvent({ type: "$snapshot.started", payload: {} }),
      { field: "events.0.type", actual: "$snapshot.started", expected: expect.stringContaining('begin with "$"') },
    ],
    [
      "an event without payload",
      withEvent({ type: "thing.created" }),
      { field: "events.0.payload", actual: "undefined", expected: "a JSON value" },
    ],
    [
      "a circular payload",
      withPayload({ deep: circle() }),
      {
        field: "events.0.payload.deep.inner.above",
        actual: "an object",
        expected: "a JSON value without a circular reference",
      },
    ],
    [
      "a BigInt in the payload",
      withPayload({ deep: [1, 2n] }),
      { field: "events.0.payload.deep.1", actual: "BigInt 2", expected: "a JSON value (write it as a string)" },
    ],
    [
      "a NaN in the payload",
      withPayload({ size: NaN }),
      { field: "events.0.payload.size", actual: NaN, expected: "a finite number" },
    ],
    [
      "a payload that is a function",
      withPayload(() => 1),
      { field: "events.0.payload", actual: "function", expected: "a JSON value" },
    ],
    [
      "an id that is no UUID",
      withEvent({ ...good.events[0], id: "42" }),
      { field: "events.0.id", actual: "42", expected: "a UUID" },
    ],
    [
      "an id that is no string",
      withEvent({ ...good.events[0], id: 42 }),
      { field: "events.0.id", actual: 42, expected: "a UUID" },
    ],
    [
      "meta that is no object",
      withEvent({ ...good.events[0], meta: "ann" }),
      { field: "events.0.meta", actual: "ann", expected: "an object" },
    ],
    [
      "a BigInt in the meta",
      withEvent({ ...good.events[0], meta: { size: 2n } }),
      { field: "events.0.meta.size", actual: "BigInt 2", expected: "a JSON value (write it as a string)" },
    ],
    [
      "a correlation id that is no string",
      withEvent({ ...good.events[0], meta: { correlationId: 42 } }),
      { field: "events.0.meta.correlationId", actual: 42, expected: "a string" },
    ],
    [
      "a negative expected version",
      { ...good, expectedVersion: -1 },
      { field: "expectedVersion", actual: -1, expected: expect.stringContaining('"no-stream"') },
    ],
    [
      "a misspelt expected version",
      { ...good, expectedVersion: "nostream" },
      { field: "expectedVersion", actual: "nostream", expected: expect.stringContaining('"no-stream"') },
    ],
    [
      "a command id among the params",
      { ...good, commandId: "c" },
      { field: "commandId", actual: "commandId", expected: "no such param: send it in the headers of the call" },
    ],
  ])("is refused for %s, and nothing is written", async (_what, params, problem) => {
    const broker = await brokerWithOne();
    const before = await contentOf(broker);
    const error = await refusal(() => broker.call("events.append", params));
    expect(error).toMatchObject({ name: "ValidationError", type: "VALIDATION_ERROR", code: 422, retryable: false });
    expect(error.data).toEqual([
      { ...problem, type: expect.any(String) as string, message: expect.stringContaining(problem.field) as string },
    ]);
    expect(await contentOf(broker)).toEqual(before);
  });

  it("is refused with every problem at once", async () => {
    const broker = await brokerWithOne();
    const before = await contentOf(broker);
    const id = v7();
    const event = { ...good.events[0], id };
    const attempts: [object, string[]][] = [
      [{ stream: "", events: [], expectedVersion: "?", key: 5 }, ["key", "stream", "expectedVersion", "events"]],
      [{ ...good, events: [{ type: "", payload: 2n }, { id: "x" }, good.events[0]] }, badEvents()],
      [{ ...good, events: [event, event] }, ["events.1.id"]],
    ];
    for (const [params, fields] of attempts) {
      const { data } = await refusal(() => broker.call("events.append", params));
      expect((data as { field: string }[]).map(({ field }) => field)).toEqual(fields);
    }
    expect(await contentOf(broker)).toEqual(before);
    function badEvents(): string[] {
      return ["events.0.type", "events.0.payload", "events.1.type", "events.1.id", "events.1.payload"];
    }
  });

  it("is refused for an event over the limit, counted in bytes, and nothing is written", async () => {
    const broker = await brokerWithOne();
    const before = await contentOf(broker);
    const meta = { correlationId: "c", causationId: "c" };
    const bytesOf = (payload: object) => Buffer.byteLength(JSON.stringify(payload) + JSON.stringify(meta));
    const fill = maxEventBytes - bytesOf({ text: "" });
    const large = (text: string) => ({
      ...good,
      events: [good.events[0], { type: "thing.created", payload: { text }, meta }],
    });

    const error = await refusal(() => broker.call("events.append", large("x".repeat(fill + 1))));
    expect(error).toMatchObject({
      name: "EventTooLargeError",
      type: "EVENT_TOO_LARGE",
      code: 413,
      retryable: false,
      data: { field: "events.1", actual: maxEventBytes + 1, expected: maxEventBytes },
    });
    const multibyte = await refusal(() => broker.call("events.append", large("é".repeat(fill / 2 + 1))));
    expect(multibyte).toMatchObject({ type: "EVENT_TOO_LARGE" });
    expect(await contentOf(broker)).toEqual(before);
    expect(await broker.call("events.append", large("x".repeat(fill)))).toMatchObject({ position: 3 });
  });

  it("is refused for a wrong expected version, and nothing is written", async () => {
    const broker = await brokerWithOne();
    const before = await contentOf(broker);
    const error = await refusal(() => broker.call("events.append", { ...good, expectedVersion: 5 }));
    expect(error).toMatchObject({
      name: "VersionConflictError",
      message: 'stream "thing-1": found version 1, expected 5',
      type: "VERSION_CONFLICT",
      code: 409,
      retryable: false,
      data: { stream: "thing-1", expected: 5, actual: 1 },
    });
    expect(await contentOf(broker)).toEqual(before);
  });

  it("is refused through a mapped action too, and nothing is written", async () => {
    const broker = await brokerWithOne();
    const before = await contentOf(broker);
    const error = await refusal(() => broker.call("thing.create", { id: "x".repeat(300) }));
    expect(error).toMatchObject({ type: "VALIDATION_ERROR", code: 422, data: [{ field: "stream" }] });
    expect(await refusal(() => broker.call("thing.create", { id: "2", size: 5n }))).toMatchObject({
      type: "VALIDATION_ERROR",
      data: [{ field: "events.0.payload.size" }],
    });
    expect(await contentOf(broker)).toEqual(before);
  });
});

describe("A query with bad input", () => {
  const operators = "$eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $regex, $not";

  it.each<[string, object, { field: string; actual: unknown; expected?: string }]>([
    [
      "an unknown operator",
      { query: { name: { $like: "x" } } },
      { field: "query.name.$like", actual: "$like", expected: `one of the operators ${operators}` },
    ],
    ["an unknown operator on top", { query: { $nor: [] } }, { field: "query.$nor", actual: "$nor" }],
    [
      "an unknown operator below another",
      { query: { $or: [{ name: { $x: 1 } }] } },
      { field: "query.$or.0.name.$x", actual: "$x" },
    ],
    ["an unknown field", { query: { town: "x" } }, { field: "query.town", actual: "town" }],
    [
      "a path into a plain field",
      { query: { "name.first": "x" } },
      { field: "query.name.first", actual: "name.first" },
    ],
    ["a value of another type", { query: { size: "large" } }, { field: "query.size", actual: "large" }],
    ["a date that is none", { query: { at: "tomorrow" } }, { field: "query.at", actual: "tomorrow" }],
    [
      "no list for $in",
      { query: { name: { $in: "x" } } },
      { field: "query.name.$in", actual: "x", expected: "an array" },
    ],
    ["an empty $or", { query: { $or: [] } }, { field: "query.$or", actual: "an array of 0" }],
    [
      "a regular expression that is none",
      { query: { name: { $regex: "(" } } },
      { field: "query.name.$regex", actual: "(" },
    ],
    ["malformed JSON", { query: '{"name":' }, { field: "query", actual: '{"name":' }],
    ["JSON that is no object", { query: "[1]" }, { field: "query", actual: "an array of 1" }],
    ["a sort on an unknown field", { sort: "-town" }, { field: "sort", actual: "town" }],
    ["a sort by an object", { sort: "source" }, { field: "sort", actual: "source" }],
    [
      "a search in an unknown field",
      { search: "x", searchFields: ["town"] },
      { field: "searchFields", actual: "town" },
    ],
  ])("of an aggregate is refused for %s", async (_what, params, problem) => {
    const broker = await brokerWithOne();
    for (const action of ["find", "list", ...("sort" in params ? [] : ["count"])]) {
      const error = await refusal(() => broker.call(`table.${action}`, params));
      expect(error).toMatchObject({ name: "InvalidQueryError", type: "INVALID_QUERY", code: 422, retryable: false });
      const { field, actual } = problem;
      expect(error.data).toMatchObject([
        {
          field,
          actual,
          expected: expect.any(String) as string,
          message: expect.stringContaining(field) as string,
        },
      ]);
    }
  });

  it.each<[string, object, { field: string; actual: unknown }]>([
    ["an unknown operator", { query: { type: { $like: "x" } } }, { field: "query.type.$like", actual: "$like" }],
    ["an unknown field", { query: { town: "x" } }, { field: "query.town", actual: "town" }],
    ["a value of another type", { query: { position: "last" } }, { field: "query.position", actual: "last" }],
    ["malformed JSON", { query: "{type}" }, { field: "query", actual: "{type}" }],
    ["a sort on an unknown field", { sort: "town" }, { field: "sort", actual: "town" }],
  ])("of a store is refused for %s", async (_what, params, problem) => {
    const broker = await brokerWithOne();
    for (const action of ["find", "list", ...("sort" in params ? [] : ["count"])]) {
      const error = await refusal(() => broker.call(`events.${action}`, params));
      expect(error).toMatchObject({ name: "InvalidQueryError", type: "INVALID_QUERY", code: 422, data: [problem] });
    }
  });

  it.each<[string, object, string]>([
    ["a limit that is no number", { limit: "many" }, "limit"],
    ["a negative offset", { offset: -1 }, "offset"],
    ["a query that is no object", { query: 5 }, "query"],
    ["a page 0", { page: 0 }, "page"],
  ])("is refused before it is parsed for %s", async (_what, params, field) => {
    const broker = await brokerWithOne();
    const action = "page" in params ? "list" : "find";
    const error = await refusal(() => broker.call(`table.${action}`, params));
    expect(error).toMatchObject({ name: "ValidationError", type: "VALIDATION_ERROR", code: 422 });
    expect(error.data).toContainEqual(expect.objectContaining({ field }));
  });

  it("is refused inside a function transform too, as an error of the event", async () => {
    const events = newStore();
    const table = Aggregate("table", { eventStore: events, fields: { name: "string" }, onError: { retries: 0 } })
      .on("thing.created")
      .create(async (_event, view) => (await view.find({ query: { town: "x" } }))[0] ?? null);
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), table.mixin()] }]);
    await broker.call("events.append", good);
    await caughtUp(broker, "table");
    expect(await eventsIn(broker.call("table.parked"))).toMatchObject([
      { error: { type: "INVALID_QUERY", code: 422 } },
    ]);
  });
});

describe("What one consumer asks of the store, with bad input", () => {
  const consumer = "subscription/mine";
  const lease = { name: consumer, holder: "somebody", epoch: 1 };

  it.each([
    ["an unknown change", "control", { consumer, change: { stop: true } }],
    ["two changes at once", "control", { consumer, change: { pause: true, resume: true } }],
    ["a pause that is none", "control", { consumer, change: { pause: false } }],
    ["a retry of an unknown choice", "control", { consumer, change: { retry: { type: "x" } } }],
    ["a retry that is a text", "control", { consumer, change: { retry: "all" } }],
    ["a skip of nothing", "control", { consumer, change: { skip: {} } }],
    ["a lease of half an hour", "takeLease", { consumer, holder: "somebody", ttlMs: 1_800_000 }],
    ["a mark that is no text", "takeLease", { consumer, holder: "somebody", ttlMs: 1000, lapsed: 5 }],
    ["state under another's lease", "saveState", { consumer: "subscription/other", value: {}, revision: 0, lease }],
  ])("is refused for %s, and nothing is written", async (_, action, params) => {
    const events = EventStore("events", { adapter: `sqlite:${newFolder()}/events.db` });
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin()] }]);
    if (action === "saveState")
      await broker.call("$events.takeLease", { consumer, holder: "somebody", ttlMs: 1000 }, spoken);
    const error = await refusal(() => broker.call(`$events.${action}`, params, spoken));
    expect(error).toMatchObject({ type: "VALIDATION_ERROR", code: 422 });
    expect(await broker.call("$events.state", { consumer: params.consumer }, spoken)).toBeNull();
    expect(await broker.call("$events.page", { consumer, after: 0, limit: 0, types: [] }, spoken)).toMatchObject({
      control: { revision: 0 },
    });
  });
});

describe("A row that does not fit its table", () => {
  it.each<[string, object, string]>([
    [
      "an undeclared field",
      { town: "x" },
      'town: found "x", expected one of the declared fields name, size, at, source',
    ],
    ["a value of another type", { name: 5 }, "name: found 5, expected a string"],
    ["a fraction as integer", { size: 1.5 }, "size: found 1.5, expected a whole number"],
    ["a date that is none", { at: "tomorrow" }, 'at: found "tomorrow", expected a Date or an ISO 8601 string'],
    ["an array as object", { source: [] }, "source: found an array of 0, expected an object"],
    ["an id that is no string", { id: true }, "id: found true, expected a string of 1 to 255 characters"],
    ["an empty id", { id: "" }, 'id: found "", expected a string of 1 to 255 characters'],
  ])("parks its event for %s, and no row is written", async (_what, payload, message) => {
    const broker = await brokerWithOne();
    const rows = await broker.call("table.find");
    const { events }: { events: RecordedEvent[] } = await broker.call("events.append", {
      stream: "thing-2",
      events: [{ type: "thing.created", payload: { id: "2", name: "bad", ...payload } }],
    });
    await caughtUp(broker, "table");
    expect(await eventsIn(broker.call("table.parked"))).toMatchObject([
      {
        id: events[0]!.id,
        stream: "thing-2",
        error: { name: "InvalidRowError", type: "INVALID_ROW", code: 500, message },
      },
    ]);
    expect(await broker.call("table.find")).toEqual(rows);
  });

  it("parks its event for a required field that is left out, and for an answer of the wrong form", async () => {
    const events = newStore();
    const answers: Record<string, unknown> = {
      "thing.bare": {},
      "thing.list": [{ name: "x" }],
      "thing.text": "x",
    };
    const table = Aggregate("table", {
      eventStore: events,
      fields: { name: { type: "string", required: true } },
      onError: { retries: 0 },
    })
      .on("thing.*")
      .create(({ type }) => answers[type] as object)
      .on("many.*")
      .createMany(() => ({ name: "x" }) as unknown as [])
      .on("gone.*")
      .remove(() => [null] as unknown as []);
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), table.mixin()] }]);
    for (const type of [...Object.keys(answers), "many.created", "gone.now"])
      await broker.call("events.append", { stream: type, events: [{ type, payload: {} }] });
    await caughtUp(broker, "table");
    const parked: { type: string; error: { type: string; message: string } }[] = await eventsIn(
      broker.call("table.parked"),
    );
    expect(parked.map(({ type, error }) => [type, error.type, error.message])).toEqual([
      ["thing.bare", "INVALID_ROW", "name: found undefined, expected a value (string): the field is required"],
      ["thing.list", "INVALID_ROW", expect.stringContaining("expected a row: an object of fields")],
      ["thing.text", "INVALID_ROW", expect.stringContaining("expected a row: an object of fields")],
      ["many.created", "INVALID_ROW", expect.stringContaining("expected an array of rows, as createMany requires")],
      ["gone.now", "INVALID_ROW", expect.stringContaining("expected an id, a row, or an array of them")],
    ]);
    expect(await broker.call("table.count")).toBe(0);
  });
});

describe("Two definitions of one name", () => {
  const aggregate = (name: string, events = newStore()) =>
    Aggregate(name, { eventStore: events, fields: { name: "string" } })
      .on("thing.created")
      .create("thing.transform");

  function refusedService(first: ServiceSchema | null, second: ServiceSchema): Promise<Error> {
    const broker = newBroker();
    if (first) broker.createService(first);
    return refusal(() => broker.createService(second));
  }

  it("are refused where both are aggregates", async () => {
    const events = newStore();
    const error = await refusedService(null, {
      name: "thing",
      mixins: [events.mixin(), aggregate("table", events).mixin(), aggregate("table", events).mixin()],
    });
    expect(error).toMatchObject({
      name: "NameTakenError",
      type: "NAME_TAKEN",
      code: 500,
      data: { name: "table", why: "is already the name of another read table on this broker" },
    });
  });

  it("are refused where both are aggregates of different services", async () => {
    const events = newStore();
    const error = await refusedService(
      { name: "one", mixins: [events.mixin(), aggregate("table", events).mixin()] },
      { name: "two", mixins: [events.mixin(), aggregate("table", events).mixin()] },
    );
    expect(error).toMatchObject({ type: "NAME_TAKEN", code: 500, data: { name: "table" } });
  });

  it("are refused where one store has two adapters", async () => {
    const [one, two] = [newStore(), newStore()];
    const error = await refusedService({ name: "one", mixins: [one.mixin()] }, { name: "two", mixins: [two.mixin()] });
    expect(error).toMatchObject({ name: "NameTakenError", type: "NAME_TAKEN", code: 500, data: { name: "events" } });
    expect(error.message).toContain(one.adapter.location);
    expect(error.message).toContain(two.adapter.location);
  });

  it("are accepted where both are the same store at the same place", async () => {
    const folder = newFolder();
    const broker = await startBroker([
      { name: "one", mixins: [newStore("events", folder).mixin()] },
      { name: "two", mixins: [newStore("events", folder).mixin()] },
    ]);
    expect(await broker.call("events.append", good)).toMatchObject({ position: 1 });
  });

  it("are refused where an aggregate has its store's name", async () => {
    const events = newStore();
    const error = await refusedService(null, {
      name: "thing",
      mixins: [
        events.mixin(),
        aggregate("events", EventStore("events", { adapter: `sqlite:${newFolder()}/x.db` })).mixin(),
      ],
    });
    expect(error).toMatchObject({ type: "NAME_TAKEN", code: 500, data: { name: "events" } });
  });

  it("are refused where a store has the name of the service that mixes it in", async () => {
    const error = await refusedService(null, { name: "events", mixins: [newStore().mixin()] });
    expect(error).toMatchObject({ type: "NAME_TAKEN", code: 500, data: { name: "events" } });
  });

  it("are refused where a store has the name of another service", async () => {
    const error = await refusedService({ name: "events" }, { name: "thing", mixins: [newStore().mixin()] });
    expect(error).toMatchObject({ type: "NAME_TAKEN", code: 500, data: { name: "events" } });
  });
});

describe("A definition that cannot work", () => {
  const fields = { name: "string" } as const;
  /** A value that only JavaScript accepts, not the types. */
  const unchecked = (value: unknown) => value as never;
  const at = `sqlite:${newFolder()}/definitions`;
  const store = () => EventStore("events", { adapter: `${at}.db` });
  const table = (options: object = {}) => Aggregate("table", { eventStore: store(), fields, ...options });

  it.each<[string, () => unknown, string]>([
    ["an empty store name", () => EventStore(""), "EventStore.name"],
    ["a store name with spaces", () => EventStore("my events"), "EventStore.name"],
    ["a store name of the framework", () => EventStore("$events"), "EventStore.name"],
    ["no store name", () => EventStore(unchecked(undefined)), "EventStore.name"],
    ["a store without a path", () => EventStore("events", { adapter: "sqlite:" }), "adapter"],
    [
      "an unknown option in a connection string",
      () => EventStore("events", { adapter: `${at}.db?mode=ro` }),
      "adapter.mode",
    ],
    [
      "a durability that SQLite has not",
      () => EventStore("events", { adapter: `${at}.db?durability=none` }),
      "adapter.durability",
    ],
    ["a pump of no events", () => EventStore("events", { pump: { batchSize: 0 } }), "events.pump.batchSize"],
    [
      "a pump's time-out that is no number",
      () => EventStore("events", { pump: { timeoutMs: NaN } }),
      "events.pump.timeoutMs",
    ],
    ["a lease that is too short", () => EventStore("events", { leaseMs: 999 }), "events.leaseMs"],
    ["a lease that is too long", () => EventStore("events", { leaseMs: 60_001 }), "events.leaseMs"],
    ["a limit of no bytes", () => EventStore("events", { maxEventBytes: 0 }), "events.maxEventBytes"],
    ["an action mapped to an empty type", () => store().mapAction(""), "events: an event's type"],
    ["an event mapped to a type of 300 characters", () => store().mapEvent("x".repeat(300)), "events: an event's type"],
    ["an aggregate's name with spaces", () => Aggregate("a table", { eventStore: store(), fields }), "Aggregate.name"],
    ["an aggregate without a name", () => Aggregate("", { eventStore: store(), fields }), "Aggregate.name"],
    ["an aggregate without a store", () => table({ eventStore: undefined }), "table.eventStore"],
    ["no fields", () => table({ fields: {} }), "table.fields"],
    ["fields left out", () => table({ fields: undefined }), "table.fields"],
    ["an unknown field type", () => table({ fields: { name: "text" } }), "table.fields.name"],
    ["a field without a type", () => table({ fields: { name: { index: true } } }), "table.fields.name"],
    ["a field that is null", () => table({ fields: { name: null } }), "table.fields.name"],
    ["a field called id", () => table({ fields: { id: "string" } }), "table.fields.id"],
    ["a field's name with a dot", () => table({ fields: { "a.b": "string" } }), "table.fields.a.b"],
    [
      "two fields that differ by case",
      () => table({ fields: { name: "string", Name: "string" } }),
      "table.fields.Name",
    ],
    [
      "an index on an object",
      () => table({ fields: { source: { type: "object", index: true } } }),
      "table.fields.source",
    ],
    ["a table in its store's file", () => table({ adapter: `${at}.db` }), "table.adapter"],
    ["no mapping", () => table().mixin(), "table.mixin()"],
    ["an empty event type", () => table().on(unchecked("")), "table.on(type)"],
    ["no event type", () => table().on(unchecked(undefined)), "table.on(type)"],
    [
      "no transform",
      () => table().on("thing.created").create(unchecked(undefined)),
      'table.on("thing.created").create',
    ],
    ["an empty transform", () => table().on("thing.created").update(""), 'table.on("thing.created").update'],
    [
      "a mapping after mixin()",
      () => {
        const fixed = table().on("thing.created").create("thing.transform");
        fixed.mixin();
        return fixed.on("thing.removed").remove("thing.transform");
      },
      'table.on("thing.removed")',
    ],
    ["retries that are no number", () => table({ onError: { retries: "often" } }), "table.onError.retries"],
    ["a negative wait", () => table({ onError: { delayMs: -1 } }), "table.onError.delayMs"],
    ["a stop after no parked event", () => table({ onError: { maxParkedInARow: 0 } }), "table.onError.maxParkedInARow"],
  ])("is refused for %s", async (_what, define, field) => {
    const error = await refusal(define);
    expect(error).toMatchObject({ name: "DefinitionError", type: "DEFINITION", code: 500, retryable: false });
    expect(error.data).toMatchObject([{ field, expected: expect.any(String) as string }]);
    expect(error.message).toContain(field);
  });

  it.each([
    ["an unknown scheme", "oracle://db"],
    ["no scheme", "data/events.db"],
    ["a scheme of the object's prototype", "constructor:x"],
    ["an empty string", ""],
    ["a number", 5],
    ["null in a JavaScript service", { engine: "mine" }],
  ])("is refused for an adapter that is %s", async (_what, adapter) => {
    for (const define of [() => EventStore("events", { adapter: unchecked(adapter) }), () => table({ adapter })]) {
      const error = await refusal(define);
      expect(error).toMatchObject({ name: "UnknownAdapterError", type: "UNKNOWN_ADAPTER", code: 500 });
      expect(error.data).toMatchObject([{ field: "adapter", expected: expect.stringContaining("sqlite:") as string }]);
      expect(error.message).toContain("sqlite:");
    }
  });

  it("opens no file before the broker starts", () => {
    const folder = newFolder();
    const events = newStore("events", folder);
    const broker = newBroker();
    const service: Service = broker.createService({ name: "thing", mixins: [events.mixin()] });
    expect(service.name).toBe("thing");
    expect(readdirSync(folder)).toEqual([]);
  });
});

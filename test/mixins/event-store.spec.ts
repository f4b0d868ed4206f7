import {
  Decider,
  EventStore,
  type StoredAnswer,
  type StreamsPage,
  type EventPage,
  type EventStoreOptions,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { v4, v7 } from "uuid";
import { cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { named } from "../support/command-of.ts";
import { openParams } from "../support/open-params.ts";
import { eventsIn, streamsIn } from "../support/pages.ts";

afterEach(cleanUp);

const newStore = (options: EventStoreOptions = {}) =>
  EventStore("events", { adapter: `sqlite:${newFolder()}/events.db`, ...options });

type Store = ReturnType<typeof newStore>;

/** A broker with one store, mixed in by a service `thing` and further services. */
async function brokerWith(
  events: Store,
  thing: Partial<ServiceSchema> = {},
  ...others: ServiceSchema[]
): Promise<ServiceBroker> {
  return startBroker([{ name: "thing", mixins: [events.mixin()], ...thing }, ...others]);
}

const newBroker = () => brokerWith(newStore());

const append = (broker: ServiceBroker, params: object, options: object = {}): Promise<StoredAnswer> =>
  broker.call("events.append", params, options);

const readAll = (broker: ServiceBroker): Promise<RecordedEvent[]> =>
  eventsIn(broker.call("events.read", { limit: 10_000 }));

const happened = (payload: unknown = {}) => [{ type: "thing.happened", payload }];

describe("The append action", () => {
  it("answers the recorded events, with version and position of the last", async () => {
    const broker = await newBroker();
    await append(broker, { stream: "thing-0", events: happened() });
    const answer = await append(broker, {
      stream: "thing-1",
      events: [
        { type: "thing.created", payload: { name: "x" }, meta: { user: "ann" } },
        { type: "thing.renamed", payload: ["any", { json: null }] },
      ],
    });
    const recorded = {
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/) as string,
      stream: "thing-1",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
    };
    const ids = { correlationId: expect.any(String) as string, causationId: expect.any(String) as string };
    expect(answer).toEqual({
      stream: "thing-1",
      version: 2,
      position: 3,
      repeated: false,
      events: [
        {
          ...recorded,
          type: "thing.created",
          version: 1,
          position: 2,
          payload: { name: "x" },
          meta: { ...ids, user: "ann" },
        },
        {
          ...recorded,
          type: "thing.renamed",
          version: 2,
          position: 3,
          payload: ["any", { json: null }],
          meta: ids,
        },
      ],
    });
    expect(await eventsIn(broker.call("events.read", { stream: "thing-1" }))).toEqual(answer.events);
  });

  it("lets one of 64 concurrent appends with the same expected version win", async () => {
    const broker = await newBroker();
    await append(broker, { stream: "thing-1", events: happened() });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 64 }, (_, caller) =>
        append(broker, { stream: "thing-1", expectedVersion: 1, events: happened({ caller }) }),
      ),
    );
    const won = outcomes.filter(({ status }) => status === "fulfilled");
    const lost = outcomes.filter((outcome) => outcome.status === "rejected").map(({ reason }) => reason as Error);
    expect(won).toHaveLength(1);
    expect(lost).toHaveLength(63);
    for (const error of lost)
      expect(error).toMatchObject({
        name: "VersionConflictError",
        type: "VERSION_CONFLICT",
        code: 409,
        retryable: false,
        data: { stream: "thing-1", expected: 1, actual: 2 },
      });
    expect(await readAll(broker)).toHaveLength(2);
  });

  it("numbers 64 concurrent appends of any version 1 to 64", async () => {
    const broker = await newBroker();
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, caller) =>
        append(broker, { stream: "thing-1", expectedVersion: "any", events: happened({ caller }) }),
      ),
    );
    const upTo64 = Array.from({ length: 64 }, (_, index) => index + 1);
    expect(answers.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual(upTo64);
    expect((await readAll(broker)).map(({ version, position }) => [version, position])).toEqual(
      upTo64.map((number) => [number, number]),
    );
  });

  it("enforces no-stream, 0 and stream-exists", async () => {
    const broker = await newBroker();
    const attempt = (expectedVersion: unknown, stream = "thing-1") =>
      append(broker, { stream, expectedVersion, events: happened() });

    expect(await refusal(() => attempt("stream-exists"))).toMatchObject({
      type: "VERSION_CONFLICT",
      data: { expected: "stream-exists", actual: 0 },
    });
    expect(await attempt("no-stream")).toMatchObject({ version: 1 });
    expect(await attempt("stream-exists")).toMatchObject({ version: 2 });
    expect(await refusal(() => attempt("no-stream"))).toMatchObject({
      type: "VERSION_CONFLICT",
      data: { expected: "no-stream", actual: 2 },
    });
    expect(await refusal(() => attempt(0))).toMatchObject({ data: { expected: 0, actual: 2 } });
    expect(await attempt(0, "thing-2")).toMatchObject({ version: 1 });
    expect(await attempt(2)).toMatchObject({ version: 3 });
    expect(await readAll(broker)).toHaveLength(4);
  });

  it("commits concurrent appends together, and notifies once per commit", async () => {
    const heard: number[] = [];
    const broker = await brokerWith(newStore(), {
      events: { "$events.appended": (ctx: Context<{ position: number }>) => void heard.push(ctx.params.position) },
    });
    await Promise.all(
      Array.from({ length: 256 }, (_, index) => append(broker, { stream: `thing-${index}`, events: happened() })),
    );
    await eventually(() => expect(heard.at(-1)).toBe(256));
    expect(heard.length).toBeLessThanOrEqual(4);
  });

  it("commits no more than four million characters together, so that no append waits for all others", async () => {
    const heard: number[] = [];
    const broker = await brokerWith(newStore(), {
      events: { "$events.appended": (ctx: Context<{ position: number }>) => void heard.push(ctx.params.position) },
    });
    const large = happened({ text: "x".repeat(500_000) });
    await Promise.all(Array.from({ length: 20 }, (_, index) => append(broker, { stream: `${index}`, events: large })));
    await eventually(() => expect(heard.at(-1)).toBe(20));
    const together = heard.map((position, index) => position - (heard[index - 1] ?? 0));
    expect(Math.max(...together)).toBeLessThanOrEqual(8);
  });

  it("fails only the conflicting append of a commit", async () => {
    const broker = await newBroker();
    const outcomes = await Promise.allSettled([
      append(broker, { stream: "thing-1", events: happened() }),
      append(broker, { stream: "thing-2", expectedVersion: 7, events: happened() }),
      append(broker, { stream: "thing-3", events: happened() }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await readAll(broker)).map(({ stream, position }) => [stream, position])).toEqual([
      ["thing-1", 1],
      ["thing-3", 2],
    ]);
  });

  it("answers also a caller whose meta cannot be changed", async () => {
    const broker = await newBroker();
    const answer = await append(broker, { stream: "thing-1", events: happened() }, { meta: Object.freeze({}) });
    expect(answer).toMatchObject({ version: 1, repeated: false });
  });

  it("does not notify when nothing was stored", async () => {
    const heard: number[] = [];
    const broker = await brokerWith(newStore(), {
      events: { "$events.appended": (ctx: Context<{ position: number }>) => void heard.push(ctx.params.position) },
    });
    const id = v7();
    await append(broker, { stream: "thing-1", events: [{ id, type: "thing.happened", payload: {} }] });
    await append(broker, { stream: "thing-1", events: [{ id, type: "thing.happened", payload: {} }] });
    await refusal(() => append(broker, { stream: "thing-1", expectedVersion: 7, events: happened() }));
    await append(broker, { stream: "thing-1", events: happened() });
    await eventually(() => expect(heard.at(-1)).toBe(2));
    expect(heard).toEqual([1, 2]);
  });

  it("stores all events of an append or none", async () => {
    const broker = await newBroker();
    const error = await refusal(() =>
      append(broker, { stream: "thing-1", events: [...happened(), { type: "", payload: {} }] }),
    );
    expect(error).toMatchObject({ type: "VALIDATION_ERROR", code: 422 });
    expect(await readAll(broker)).toEqual([]);
  });
});

describe("An append that is sent again", () => {
  const ids = [v4(), v7()];
  const both = { stream: "thing-1", events: ids.map((id, n) => ({ id, type: "thing.happened", payload: { n } })) };

  it("is stored once by its ids, and answered as the first time", async () => {
    const broker = await newBroker();
    const first = await append(broker, both, { requestID: "first" });
    await append(broker, { stream: "thing-1", events: happened() });
    const second = await append(broker, both, { requestID: "second" });
    expect(second).toEqual({ ...first, repeated: true });
    expect(await readAll(broker)).toHaveLength(3);
  });

  it("is stored once by its command id, and answered as the first time", async () => {
    const broker = await newBroker();
    const two = { stream: "thing-1", events: [...happened({ n: 1 }), ...happened({ n: 2 })] };
    const first = await append(broker, two, named("order 7"));
    expect(await append(broker, two, named("order 7"))).toEqual({ ...first, repeated: true });
    expect(await append(broker, two, named(8))).toMatchObject({ version: 4, repeated: false });
    expect(await append(broker, two, named("8"))).toMatchObject({ version: 4, repeated: true });
    expect(await readAll(broker)).toHaveLength(4);
  });

  it("is recognised by the ids of its events where all have one, also beside a command id", async () => {
    const broker = await newBroker();
    const first = await append(broker, both, named("c"));
    expect(first.events.map(({ id }) => id)).toEqual(ids);
    expect(await append(broker, both, named("d"))).toEqual({ ...first, repeated: true });
  });

  it("is recognised before its expected version is checked", async () => {
    const broker = await newBroker();
    const only = { ...both, expectedVersion: "no-stream" };
    await append(broker, only);
    expect(await append(broker, only)).toMatchObject({ version: 2, repeated: true });
  });

  it("is stored once when all copies arrive together", async () => {
    const broker = await newBroker();
    const answers = await Promise.all(Array.from({ length: 16 }, () => append(broker, both)));
    expect(answers.filter(({ repeated }) => !repeated)).toHaveLength(1);
    expect(new Set(answers.map(({ events }) => JSON.stringify(events))).size).toBe(1);
    expect(await readAll(broker)).toHaveLength(2);
  });

  it("is recognised when its ids are written in capitals", async () => {
    const broker = await newBroker();
    const capitals = { ...both, events: both.events.map((event) => ({ ...event, id: event.id.toUpperCase() })) };
    const first = await append(broker, capitals);
    expect(first.events.map(({ id }) => id)).toEqual(ids);
    expect(await append(broker, both)).toEqual({ ...first, repeated: true });
  });

  it.each([
    ["another payload", { ...both, events: [both.events[0], { ...both.events[1], payload: { n: 9 } }] }],
    ["another type", { ...both, events: both.events.map((event) => ({ ...event, type: "thing.changed" })) }],
    ["another stream", { ...both, stream: "thing-2" }],
    ["a part of its events known", { ...both, events: [...both.events, ...happened()] }],
  ])("is refused with %s", async (_what, changed) => {
    const broker = await newBroker();
    await append(broker, both);
    expect(await refusal(() => append(broker, changed))).toMatchObject({
      name: "EventIdReusedError",
      type: "EVENT_ID_REUSED",
      code: 409,
      retryable: false,
      data: { id: expect.stringMatching(/-/) as string },
    });
    expect(await readAll(broker)).toHaveLength(2);
  });

  it.each([
    ["more", [...happened({ n: 1 }), ...happened({ n: 2 }), ...happened({ n: 3 })]],
    ["fewer", happened({ n: 1 })],
    ["other", [...happened({ n: 1 }), ...happened({ n: 9 })]],
  ])("is refused with a known command id and %s events", async (_what, events) => {
    const broker = await newBroker();
    await append(broker, { stream: "thing-1", events: [...happened({ n: 1 }), ...happened({ n: 2 })] }, named("k"));
    const error = await refusal(() => append(broker, { stream: "thing-1", events }, named("k")));
    expect(error).toMatchObject({
      type: "COMMAND_ID_REUSED",
      code: 409,
      data: { commandId: "k", command: "events.append" },
    });
    expect(await readAll(broker)).toHaveLength(2);
  });
});

describe("An event's meta", () => {
  it("names the request, and the call that stored it", async () => {
    let id = "";
    const broker = await brokerWith(newStore(), {
      actions: {
        store(ctx: Context) {
          ({ id } = ctx);
          return ctx.call("events.append", { stream: "thing-1", events: happened() });
        },
      },
    });
    const answer: StoredAnswer = await broker.call("thing.store", {}, { requestID: "request-7" });
    expect(answer.events[0]!.meta).toEqual({ correlationId: "request-7", causationId: id });
  });

  it("names the mapped action's own call as the cause", async () => {
    const events = newStore();
    const ids: string[] = [];
    const broker = await brokerWith(events, {
      actions: {
        create: events.mapAction("thing.created", {
          params: openParams,
          hooks: { before: (ctx) => void ids.push(ctx.id) },
        }),
        outer: (ctx: Context) => ctx.call("thing.create", { id: "1" }),
      },
    });
    const { events: stored }: StoredAnswer = await broker.call("thing.outer", {}, { requestID: "request-7" });
    expect(stored[0]!.meta).toEqual({ correlationId: "request-7", causationId: ids[0] });
  });

  it("names the event that brought it about, and keeps the first request, along a chain of listeners", async () => {
    const events = newStore();
    const broker = await brokerWith(events, {
      actions: {
        create: events.mapAction("thing.created", { params: openParams }),
        check: events.mapAction("thing.checked", { params: openParams }),
      },
      events: {
        "thing.created": (ctx: Context) => ctx.call("thing.check", { id: "1" }),
        // An event that is emitted in between does not break the chain.
        "thing.checked": (ctx: Context) => ctx.emit("legacy.approved", { id: "1" }),
        "legacy.approved": events.mapEvent("thing.approved"),
      },
    });
    await broker.call("thing.create", { id: "1" }, { requestID: "request-7" });
    const all = await eventually(async () => {
      const read = await readAll(broker);
      expect(read.map(({ type }) => type)).toEqual(["thing.created", "thing.checked", "thing.approved"]);
      return read;
    });
    expect(all.map(({ meta }) => meta.correlationId)).toEqual(["request-7", "request-7", "request-7"]);
    expect(all.slice(1).map(({ meta }) => meta.causationId)).toEqual([all[0]!.id, all[1]!.id]);
  });

  it("takes the caller's own ids before any other", async () => {
    const broker = await newBroker();
    const meta = { correlationId: "mine", causationId: "that", user: { name: "ann" } };
    const answer = await append(broker, { stream: "thing-1", events: [{ ...happened()[0], meta }] });
    expect(answer.events[0]!.meta).toEqual(meta);
  });

  it("holds both ids also where the caller gives them as undefined", async () => {
    const broker = await newBroker();
    const meta = { correlationId: undefined, causationId: undefined, user: "ann" };
    const answer = await append(
      broker,
      { stream: "thing-1", events: [{ ...happened()[0], meta }] },
      { requestID: "request-7" },
    );
    expect(answer.events[0]!.meta).toEqual({
      correlationId: "request-7",
      causationId: expect.any(String) as string,
      user: "ann",
    });
  });
});

describe("The read action", () => {
  /** Six events, at positions 1 to 6. */
  async function brokerWithSix(): Promise<ServiceBroker> {
    const broker = await newBroker();
    const steps: [string, string][] = [
      ["thing-1", "thing.created"],
      ["thing-2", "thing.created"],
      ["other-1", "other.created"],
      ["thing-1", "thing.renamed"],
      ["thing-1", "thing.removed"],
      ["lonely", "lonely.happened"],
    ];
    for (const [stream, type] of steps) await append(broker, { stream, events: [{ type, payload: {} }] });
    return broker;
  }

  it.each([
    ["everything by default", {}, [1, 2, 3, 4, 5, 6]],
    ["what comes after a position", { after: 4 }, [5, 6]],
    ["at most so many", { limit: 2 }, [1, 2]],
    ["a type", { types: ["thing.created"] }, [1, 2]],
    ["types with wildcards", { types: ["thing.re*", "lonely.**"] }, [4, 5, 6]],
    ["types as text", { types: "thing.renamed, other.created" }, [3, 4]],
    ["no type at all", { types: [] }, []],
    ["a category", { category: "thing" }, [1, 2, 4, 5]],
    ["a category that is a whole name", { category: "lonely" }, [6]],
    ["no category of a part of a name", { category: "thin" }, []],
    ["a category, a type and a limit after a position", { category: "thing", types: ["*.created"], after: 1 }, [2]],
    ["newest first", { backward: true }, [6, 5, 4, 3, 2, 1]],
    ["newest first before a position", { backward: true, before: 3 }, [2, 1]],
    ["a stream", { stream: "thing-1" }, [1, 4, 5]],
    ["a stream after a version", { stream: "thing-1", afterVersion: 1 }, [4, 5]],
    ["a stream newest first before a version", { stream: "thing-1", beforeVersion: 3, backward: true }, [4, 1]],
    ["a stream newest first", { stream: "thing-1", backward: true, limit: 2 }, [5, 4]],
    ["a stream's types", { stream: "thing-1", types: ["thing.removed"] }, [5]],
    ["a stream of its category", { stream: "thing-1", category: "thing" }, [1, 4, 5]],
    ["no stream of another category", { stream: "thing-1", category: "other" }, []],
    ["nothing of a stream that is not there", { stream: "thing-9" }, []],
    ["nothing after the end", { after: 6 }, []],
    ["params as a prompt gives them", { after: "4", limit: "1", backward: "false" }, [5]],
  ])("answers %s", async (_what, params, expected) => {
    const broker = await brokerWithSix();
    const found: RecordedEvent[] = await eventsIn(broker.call("events.read", params));
    expect(found.map(({ position }) => position)).toEqual(expected);
  });

  it.each([
    ["limit", { limit: 0 }],
    ["limit", { limit: 10_001 }],
    ["limit", { limit: "many" }],
    ["after", { after: -1 }],
    ["after", { after: 1.5 }],
    ["after", { stream: "thing-1", after: 1 }],
    ["afterVersion", { afterVersion: 1 }],
    ["afterVersion", { stream: "thing-1", afterVersion: -1 }],
    ["before", { before: -1, backward: true }],
    ["types", { types: 5 }],
    ["types.0", { types: [5] }],
    ["category", { category: 5 }],
    ["stream", { stream: 5 }],
    ["backward", { backward: "perhaps" }],
  ])("refuses a bad %s in %j", async (field, params) => {
    const broker = await newBroker();
    const error = await refusal(() => broker.call("events.read", params));
    expect(error).toMatchObject({ name: "ValidationError", type: "VALIDATION_ERROR", code: 422 });
    expect(error.data).toContainEqual(expect.objectContaining({ field }));
  });

  it.each([
    ["after: found 3, expected before, because the log is read backward", { after: 3, backward: true }],
    ["before: found 3, expected after, because the log is read forward", { before: 3 }],
    ["afterVersion: found 3, expected after, because the log is read forward", { afterVersion: 3 }],
    ["after: found 3, expected afterVersion, because a stream is read forward", { stream: "a", after: 3 }],
    [
      "afterVersion: found 3, expected beforeVersion, because a stream is read backward",
      { stream: "a", afterVersion: 3, backward: true },
    ],
  ])("says where a page begins in the other direction: %s", async (message, params) => {
    const broker = await newBroker();
    expect((await refusal(() => broker.call("events.read", params))).message).toContain(message);
  });

  it.each<[string, object, object]>([
    ["the whole log", {}, { position: 6, end: true }],
    ["a type that none has, past all", { types: "none" }, { position: 6, end: true }],
    ["a category that none has", { category: "none" }, { position: 6, end: true }],
    ["a page that the limit ends", { limit: 2 }, { position: 2, end: false }],
    ["a page that ends with the log", { after: 5, limit: 1 }, { position: 6, end: true }],
    ["a page up to the beginning", { before: 2, limit: 1, backward: true }, { position: 1, end: true }],
    ["nothing behind the end", { after: 9 }, { position: 9, end: true }],
    ["nothing behind any end", { after: Number.MAX_SAFE_INTEGER }, { position: Number.MAX_SAFE_INTEGER, end: true }],
    ["a page of a stream", { stream: "thing-1", limit: 1 }, { version: 1, end: false }],
    ["a whole stream", { stream: "thing-1" }, { version: 3, end: true }],
    ["a stream, past types that it does not have", { stream: "thing-1", types: "none" }, { version: 3, end: true }],
    ["a stream up to its beginning", { stream: "thing-1", backward: true }, { version: 1, end: true }],
    ["a stream that is not there", { stream: "thing-9" }, { version: 0, end: true }],
    ["a stream of another category", { stream: "thing-1", category: "other" }, { version: 0, end: true }],
  ])("says how far it has looked: %s", async (_what, params, expected) => {
    const broker = await brokerWithSix();
    expect(await broker.call("events.read", params)).toEqual({
      events: expect.any(Array) as object[],
      ...expected,
    });
  });

  it("backward, says that an empty log has ended", async () => {
    const broker = await newBroker();
    const expected = { events: [], position: 0, end: true };
    expect(await broker.call("events.read", { backward: true })).toEqual(expected);
  });

  it("cuts a page by bytes, which is not the end", async () => {
    const broker = await newBroker();
    const large = "x".repeat(200_000);
    for (let n = 1; n <= 6; n++) await append(broker, { stream: "thing-1", events: happened({ n, large }) });
    for (const position of [(last?: RecordedEvent) => ({ after: last?.position ?? 0 }), ofStream]) {
      const found: RecordedEvent[] = [];
      for (let isOver = false; !isOver;) {
        const page: EventPage = await broker.call("events.read", { limit: 10, ...position(found.at(-1)) });
        expect(page.events.length).toBeLessThan(6);
        found.push(...page.events);
        isOver = page.end;
      }
      expect(found.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
    }
    function ofStream(last?: RecordedEvent): object {
      return { stream: "thing-1", afterVersion: last?.version ?? 0 };
    }
  });

  it("finds a wanted event behind 10,000 others, forward and backward", async () => {
    const broker = await newBroker();
    const rare = { stream: "rare-1", events: [{ type: "rare.happened", payload: {} }] };
    const common = { stream: "thing-1", events: Array.from({ length: 2000 }, () => happened()[0]) };
    await append(broker, rare);
    for (let n = 0; n < 10; n++) await append(broker, common);
    await append(broker, rare);
    for (const params of [{ types: ["rare.*"] }, { category: "rare" }]) {
      expect(await eventsIn(broker.call("events.read", { ...params, after: 1 }))).toMatchObject([{ position: 20_002 }]);
      expect(await eventsIn(broker.call("events.read", { ...params, before: 20_002, backward: true }))).toMatchObject([
        { position: 1 },
      ]);
    }
  });
});

describe("The store's queries", () => {
  /** Alternating types over two streams; the payload's n is the position. */
  async function brokerWithTen(): Promise<{ broker: ServiceBroker; ids: string[] }> {
    const broker = await newBroker();
    const ids: string[] = [];
    for (let n = 1; n <= 10; n++) {
      const { events } = await append(broker, {
        stream: `thing-${n % 2}`,
        events: [{ type: n % 2 ? "thing.odd" : "thing.even", payload: { n }, meta: { user: n > 5 ? "bob" : "ann" } }],
      });
      ids.push(events[0]!.id);
    }
    return { broker, ids };
  }

  it.each([
    ["an equal field", { query: { type: "thing.odd" } }, [1, 3, 5, 7, 9]],
    ["a path into the payload", { query: { "payload.n": { $gte: 8 } } }, [8, 9, 10]],
    ["a path into the meta, with other conditions", { query: { "meta.user": "bob", stream: "thing-0" } }, [6, 8, 10]],
    ["an order, a limit and an offset", { sort: "-position", limit: 2, offset: 1 }, [9, 8]],
    ["a query as JSON text", { query: '{"position":{"$in":[2,4]}}' }, [2, 4]],
    ["a search", { search: "ODD", searchFields: ["type"] }, [1, 3, 5, 7, 9]],
    ["params as a prompt gives them", { query: { version: "5" }, limit: "1" }, [9]],
  ])("find by %s", async (_what, params, expected) => {
    const { broker } = await brokerWithTen();
    const found: RecordedEvent[] = await broker.call("events.find", params);
    expect(found.map(({ position }) => position)).toEqual(expected);
  });

  it("find at most 10,000 at once, and refuse to be asked for more", async () => {
    const { broker } = await brokerWithTen();
    expect(await broker.call("events.find", { limit: 10_000 })).toHaveLength(10);
    expect(await refusal(() => broker.call("events.find", { limit: 10_001 }))).toMatchObject({
      code: 422,
      type: "VALIDATION_ERROR",
      data: [{ field: "limit", actual: 10_001, expected: "a whole number from 1 to 10000" }],
    });
  });

  it("find the fields that are asked for", async () => {
    const { broker } = await brokerWithTen();
    expect(await broker.call("events.find", { limit: 1, fields: ["type", "payload.n"] })).toEqual([
      { type: "thing.odd", payload: { n: 1 } },
    ]);
  });

  it("list page by page", async () => {
    const { broker } = await brokerWithTen();
    const query = { type: "thing.even" };
    const page: { rows: RecordedEvent[] } = await broker.call("events.list", { query, page: 2, pageSize: 2 });
    expect(page).toMatchObject({ total: 5, page: 2, pageSize: 2, totalPages: 3 });
    expect(page.rows.map(({ position }) => position)).toEqual([6, 8]);
  });

  it("count with and without a condition", async () => {
    const { broker } = await brokerWithTen();
    expect(await broker.call("events.count")).toBe(10);
    expect(await broker.call("events.count", { query: { "meta.user": "ann", type: "thing.odd" } })).toBe(3);
  });

  it("get events by their ids", async () => {
    const { broker, ids } = await brokerWithTen();
    const [first, second] = ids;
    expect(await broker.call("events.get", { id: second })).toMatchObject({ id: second, position: 2 });
    expect(await broker.call("events.get", { id: second!.toUpperCase() })).toMatchObject({ position: 2 });
    expect(await broker.call("events.get", { id: [second, v7(), first] })).toMatchObject([
      { position: 2 },
      { position: 1 },
    ]);
    expect(await refusal(() => broker.call("events.get", { id: v7() }))).toMatchObject({
      name: "EntityNotFoundError",
      type: "ENTITY_NOT_FOUND",
      code: 404,
    });
  });

  it("list the streams in the order of their names", async () => {
    const broker = await newBroker();
    for (const stream of ["b-2", "a-1", "b-1", "b", "bc-1", "b-1"])
      await append(broker, { stream, events: happened() });
    const names = async (params: object) => {
      const streams: { stream: string }[] = await streamsIn(broker.call("events.streams", params));
      return streams.map(({ stream }) => stream);
    };
    const all: { time: string }[] = await streamsIn(broker.call("events.streams"));
    expect(all).toEqual([
      { stream: "a-1", version: 1, time: expect.any(String) as string },
      { stream: "b", version: 1, time: expect.any(String) as string },
      { stream: "b-1", version: 2, time: (await readAll(broker)).at(-1)!.time },
      { stream: "b-2", version: 1, time: expect.any(String) as string },
      { stream: "bc-1", version: 1, time: expect.any(String) as string },
    ]);
    expect(await names({ category: "b" })).toEqual(["b", "b-1", "b-2"]);
    expect(await names({ after: "b-1" })).toEqual(["b-2", "bc-1"]);
    expect(await names({ category: "b", after: "b", limit: 1 })).toEqual(["b-1"]);
    const ends = [4, 5, 6].map(
      async (limit) => (await broker.call<StreamsPage, object>("events.streams", { limit })).end,
    );
    expect(await Promise.all(ends)).toEqual([false, true, true]);
    expect(await refusal(() => names({ limit: 0 }))).toMatchObject({ type: "VALIDATION_ERROR", code: 422 });
  });

  it("tell the store's status", async () => {
    const { broker } = await brokerWithTen();
    const status = await eventually(async () => {
      const now: { pump: { lag: number } } = await broker.call("events.status");
      expect(now.pump.lag).toBe(0);
      return now;
    });
    expect(status).toEqual({
      name: "events",
      engine: "sqlite",
      state: "live",
      head: 10,
      paused: false,
      pump: { position: 10, lag: 0, standsByFor: null },
      cause: null,
      jobs: [],
    });
  });

  it("keep to the visibility that the store's definition gives them", async () => {
    const broker = await brokerWith(
      newStore({ actions: { append: { visibility: "private" }, find: { visibility: "private" } } }),
    );
    for (const action of ["append", "find"])
      expect(await refusal(() => broker.call(`events.${action}`))).toMatchObject({ type: "SERVICE_NOT_FOUND" });
    expect(await broker.call("events.count")).toBe(0);
  });

  it.each(["create", "insert", "update", "remove"])("have no %s", async (action) => {
    const { broker } = await brokerWithTen();
    const error = await refusal(() => broker.call(`events.${action}`, { id: "1", entity: {} }));
    expect(error).toMatchObject({ type: "SERVICE_NOT_FOUND", code: 404 });
  });
});

describe("A mapped action", () => {
  it("stores its params as the payload, and answers as append does", async () => {
    const events = newStore();
    const create = events.mapAction("thing.created", { params: openParams });
    const broker = await brokerWith(events, { actions: { create } });
    const answer: StoredAnswer = await broker.call("thing.create", { id: "42", name: "x" });
    const where = { stream: "thing-42", version: 1, position: 1 };
    const recorded = { ...where, type: "thing.created", payload: { id: "42", name: "x" } };
    expect(answer).toEqual({ ...where, events: [expect.objectContaining(recorded)], repeated: false });
    expect(await readAll(broker)).toEqual(answer.events);
  });

  it.each([
    ["the kind of its type", "thing.created", "42", "thing-42"],
    ["a number as id", "thing.created", 42, "thing-42"],
    ["an id with spaces and dashes", "thing.created", "a b-c", "thing-a b-c"],
    ["a type of three parts", "shop.thing.created", "42", "shop.thing-42"],
    ["a kind with dashes", "my-own-thing.created", "42", "my_own_thing-42"],
    ["a type of one part", "created", "42", "created-42"],
  ])("names the stream by %s", async (_what, type, id, expected) => {
    const events = newStore();
    const broker = await brokerWith(events, { actions: { create: events.mapAction(type, { params: openParams }) } });
    expect(await broker.call("thing.create", { id })).toMatchObject({ stream: expected });
  });

  it("keeps its streams when its service is renamed, and shares them with a decider beside it", async () => {
    const events = newStore();
    const thing = Decider("thing", {
      eventStore: events,
      initialState: () => ({ changes: 0 }),
      commands: { touch: { decide: () => ({ type: "thing.touched" }) } },
      evolve: {
        "thing.created": ({ changes }) => ({ changes: changes + 1 }),
        "thing.touched": ({ changes }) => ({ changes: changes + 1 }),
      },
    });
    const create = events.mapAction("thing.created", { params: openParams });
    const broker = await startBroker([
      { name: "before", mixins: [events.mixin(), thing.mixin()], actions: { create } },
      { name: "after", mixins: [events.mixin()], actions: { create } },
    ]);
    for (const action of ["before.create", "after.create", "before.touch"]) await broker.call(action, { id: "1" });
    expect((await readAll(broker)).map(({ stream, version }) => [stream, version])).toEqual([
      ["thing-1", 1],
      ["thing-1", 2],
      ["thing-1", 3],
    ]);
    expect(await broker.call("before.state", { id: "1" })).toMatchObject({ state: { changes: 3 } });
  });

  it.each([[{}], [{ id: null }], [{ id: "" }], [{ id: true }]])("refuses params without an id: %j", async (params) => {
    const events = newStore();
    const create = events.mapAction("thing.created", {
      params: { id: { type: "any", optional: true, nullable: true } },
    });
    const broker = await brokerWith(events, { actions: { create } });
    expect(await refusal(() => broker.call("thing.create", params))).toMatchObject({
      code: 422,
      data: [{ field: "id", expected: "the entity's id: a string that is not empty" }],
    });
    expect(await readAll(broker)).toEqual([]);
  });

  it("with stream: new gets a stream for each event, named by its id", async () => {
    const events = newStore();
    const log = events.mapAction("thing.logged", { params: { text: "string" }, stream: "new" });
    const broker = await brokerWith(events, { actions: { log } });
    for (const text of ["a", "a"]) await broker.call("thing.log", { text });
    const stored = await readAll(broker);
    expect(stored.map(({ stream, version }) => ({ stream, version }))).toEqual(
      stored.map(({ id }) => ({ stream: `thing-${id}`, version: 1 })),
    );
    expect(stored).toHaveLength(2);
  });

  it("takes stream, payload, meta, expectedVersion and commandId as functions of params and context", async () => {
    const events = newStore();
    const broker = await brokerWith(events, {
      actions: {
        rename: events.mapAction("thing.renamed", {
          stream: ({ thing }) => `item-${String(thing)}`,
          payload: async ({ name }, ctx) => ({ name, by: (ctx.meta as { user?: string }).user }),
          meta: (_params, ctx) => ({ user: (ctx.meta as { user?: string }).user }),
          expectedVersion: async ({ version }) => version as number,
          commandId: ({ command }) => String(command),
        }),
      },
    });
    const call = (params: object): Promise<StoredAnswer> =>
      broker.call("thing.rename", params, { meta: { user: "ann" }, requestID: "request-7" });

    const answer = await call({ thing: 7, name: "x", version: 0, command: "c" });
    expect(answer).toMatchObject({ stream: "item-7", version: 1, repeated: false });
    expect(answer.events).toMatchObject([{ payload: { name: "x", by: "ann" } }]);
    expect(answer.events[0]!.meta).toEqual({
      user: "ann",
      $command: { id: "c", name: "thing.rename" },
      correlationId: "request-7",
      causationId: expect.any(String) as string,
    });
    expect(await call({ thing: 7, name: "x", version: 0, command: "c" })).toEqual({ ...answer, repeated: true });
    expect(await refusal(() => call({ thing: 7, name: "y", version: 0, command: "d" }))).toMatchObject({
      type: "VERSION_CONFLICT",
      code: 409,
      data: { stream: "item-7", expected: 0, actual: 1 },
    });
    expect(await readAll(broker)).toHaveLength(1);
  });

  it("refuses a function that is to say the expected version and says nothing: the rule would be off in silence", async () => {
    const events = newStore();
    const rename = events.mapAction("thing.renamed", {
      params: openParams,
      expectedVersion: ({ version }) => version as number,
    });
    const broker = await brokerWith(events, { actions: { rename } });
    expect(await refusal(() => broker.call("thing.rename", { id: "1" }))).toMatchObject({
      code: 422,
      type: "VALIDATION_ERROR",
      message: expect.stringMatching(/^expectedVersion: found undefined, expected a whole number/) as string,
    });
    expect(await readAll(broker)).toEqual([]);
  });

  it("takes stream, meta and expectedVersion as values", async () => {
    const events = newStore();
    const broker = await brokerWith(events, {
      actions: {
        open: events.mapAction("shop.opened", {
          stream: "shop",
          meta: { source: "till" },
          expectedVersion: "no-stream",
        }),
      },
    });
    const { events: stored }: StoredAnswer = await broker.call("thing.open", {});
    expect(stored).toMatchObject([{ stream: "shop", version: 1, meta: { source: "till" } }]);
  });

  it("checks params, with ? for optional ones, before anything is stored", async () => {
    const events = newStore();
    const broker = await brokerWith(events, {
      actions: {
        create: events.mapAction("thing.created", {
          params: { id: "string", city: "string?", size: "number?|min:2", tags: { type: "array", optional: true } },
        }),
      },
    });
    const error = await refusal(() => broker.call("thing.create", { city: 5, size: 1 }));
    expect(error).toMatchObject({ name: "ValidationError", type: "VALIDATION_ERROR", code: 422 });
    expect((error.data as { field: string }[]).map(({ field }) => field)).toEqual(["id", "city", "size"]);
    expect(await readAll(broker)).toEqual([]);
    await broker.call("thing.create", { id: "1" });
    await broker.call("thing.create", { id: "2", city: "Wanaka", size: 2, tags: [] });
    expect(await readAll(broker)).toHaveLength(2);
  });

  it("keeps hooks, visibility and other options of a Moleculer action", async () => {
    const events = newStore();
    const said: string[] = [];
    const broker = await brokerWith(events, {
      actions: {
        create: events.mapAction("thing.created", {
          params: openParams,
          visibility: "private",
          rest: "POST /things",
          hooks: {
            before: (ctx) => void said.push(`before ${(ctx.params as { id: string }).id}`),
            after: (_ctx, answer: unknown) => {
              said.push(`after ${(answer as StoredAnswer).version}`);
              return { stored: (answer as StoredAnswer).position };
            },
          },
        }),
        outer(this: { actions: Record<string, (params: object) => Promise<unknown>> }) {
          return this.actions["create"]!({ id: "1" });
        },
      },
    });
    expect(broker.getLocalService("thing")?.schema.actions).toMatchObject({ create: { rest: "POST /things" } });
    expect(await refusal(() => broker.call("thing.create", { id: "1" }))).toMatchObject({ type: "SERVICE_NOT_FOUND" });
    expect(await readAll(broker)).toEqual([]);
    expect(await broker.call("thing.outer", {})).toEqual({ stored: 1 });
    expect(said).toEqual(["before 1", "after 1"]);
  });

  it("passes a refusal of the store on to its caller", async () => {
    const events = newStore({ maxEventBytes: 300 });
    const broker = await brokerWith(events, {
      actions: { create: events.mapAction("thing.created", { params: openParams }) },
    });
    const error = await refusal(() => broker.call("thing.create", { id: "1", text: "x".repeat(300) }));
    expect(error).toMatchObject({ type: "EVENT_TOO_LARGE", code: 413 });
    expect(await readAll(broker)).toEqual([]);
  });
});

describe("A mapped event", () => {
  it("stores the events it receives", async () => {
    const events = newStore();
    const broker = await brokerWith(events, {
      events: {
        "legacy.changed": events.mapEvent("thing.updated"),
        "legacy.closed": events.mapEvent("thing.closed", {
          stream: ({ number }) => `thing-${String(number)}`,
          payload: ({ reason }) => ({ reason }),
          meta: { source: "legacy" },
        }),
      },
    });
    await broker.emit("legacy.changed", { id: "1", name: "x" });
    await broker.emit("legacy.closed", { number: 1, reason: "sold" });
    expect(await readAll(broker)).toMatchObject([
      { type: "thing.updated", stream: "thing-1", version: 1, payload: { id: "1", name: "x" } },
      { type: "thing.closed", stream: "thing-1", version: 2, payload: { reason: "sold" }, meta: { source: "legacy" } },
    ]);
  });

  it("emits <type>.failed with the error when storing fails", async () => {
    const events = newStore();
    const failures: unknown[] = [];
    const broker = await brokerWith(events, {
      events: {
        "legacy.changed": events.mapEvent("thing.updated", { expectedVersion: "stream-exists" }),
        "thing.updated.failed": (ctx: Context) => void failures.push(ctx.params),
      },
    });
    await broker.emit("legacy.changed", { id: "1", name: "x" });
    expect(failures).toEqual([
      {
        event: "legacy.changed",
        params: { id: "1", name: "x" },
        error: {
          name: "VersionConflictError",
          message: 'stream "thing-1": found version 0, expected stream-exists',
          code: 409,
          type: "VERSION_CONFLICT",
          data: { stream: "thing-1", expected: "stream-exists", actual: 0 },
        },
      },
    ]);
    expect(await readAll(broker)).toEqual([]);
  });

  it("emits <type>.failed also when a function of its options throws", async () => {
    const events = newStore();
    const failures: { error: { message: string } }[] = [];
    const broker = await brokerWith(events, {
      events: {
        "legacy.changed": events.mapEvent("thing.updated", {
          payload() {
            throw new Error("unreadable");
          },
        }),
        "thing.updated.failed": (ctx: Context<{ error: { message: string } }>) => void failures.push(ctx.params),
      },
    });
    await broker.emit("legacy.changed", { id: "1" });
    expect(failures).toMatchObject([{ event: "legacy.changed", error: { name: "Error", message: "unreadable" } }]);
    expect(await readAll(broker)).toEqual([]);
  });
});

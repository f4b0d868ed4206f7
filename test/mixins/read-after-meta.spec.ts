import { Aggregate, EventStore } from "moleculer-event-sourcing";
import type { Context, ServiceBroker } from "moleculer";
import { cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

type Meta = { readAfter?: unknown };

async function brokerWithTable(): Promise<ServiceBroker> {
  const events = EventStore("events", { adapter: `sqlite:${newFolder()}/events.db` });
  const table = Aggregate("table", { eventStore: events, fields: { name: "string" } })
    .on("thing.created")
    .create((event) => ({ id: event.id, ...event.payload }));
  return startBroker([
    {
      name: "thing",
      mixins: [events.mixin(), table.mixin()],
      actions: { create: events.mapAction("thing.created", { params: { $$strict: false }, stream: "new" }) },
    },
    {
      name: "desk",
      actions: {
        // Accepts any caller's meta; returns the meta after the call, and the rows.
        async create(ctx: Context<object, Meta>) {
          await ctx.call("thing.create", { name: "x" });
          return { readAfter: ctx.meta.readAfter, count: await ctx.call("table.count") };
        },
        async handOn(ctx: Context<object, Meta>) {
          await ctx.call("thing.create", { name: "x" });
          return ctx.meta.readAfter;
        },
      },
    },
  ]);
}

const throwing = (trap: "get" | "ownKeys" | "getPrototypeOf" | "getOwnPropertyDescriptor") =>
  new Proxy(
    { events: 1 },
    {
      [trap]() {
        throw new Error("not for you");
      },
    },
  );

const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`store ${index}`, index]));

/** As functions, since jest reads the values of a table. */
const malformed: [string, () => unknown][] = [
  ["a text", () => "42"],
  ["a number", () => 42],
  ["an array", () => [42]],
  ["a Map", () => new Map([["events", 42]])],
  ["a Proxy whose fields throw", () => throwing("get")],
  ["a Proxy whose prototype throws", () => throwing("getPrototypeOf")],
  ["a position that is a text", () => ({ events: "42" })],
  ["a position below 0", () => ({ events: -1 })],
  ["a position that is NaN", () => ({ events: Number.NaN })],
  ["a position that is an object", () => ({ events: { a: "x".repeat(100_000) } })],
];

describe("meta.readAfter", () => {
  it.each([
    ...malformed,
    ["a Proxy whose names throw", () => throwing("ownKeys")] as const,
    ["null", () => null] as const,
  ])("does not keep an append from its answer where it is %s", async (_what, make) => {
    const readAfter = make();
    const broker = await brokerWithTable();
    const answer = await broker.call("thing.create", { name: "x" }, { meta: { readAfter } });
    expect(answer).toMatchObject({ position: 1 });
    // Frozen meta is the caller's, too.
    const meta = Object.freeze({ readAfter });
    const events = [{ type: "thing.created", payload: { name: "x" } }];
    expect(await broker.call("events.append", { stream: "thing-2", events }, { meta })).toMatchObject({ position: 2 });
    expect(await broker.call("desk.create", {}, { meta: { readAfter } })).toEqual({
      readAfter: { events: 3 },
      count: 3,
    });
  });

  it.each(malformed)("is refused by a read where it is %s", async (_what, make) => {
    const readAfter = make();
    const broker = await brokerWithTable();
    const error = await refusal(() => broker.call("table.find", {}, { meta: { readAfter } }));
    expect(error).toMatchObject({ type: "VALIDATION_ERROR", code: 422 });
    expect(error.data).toMatchObject([{ field: expect.stringMatching(/^meta\.readAfter/) as string }]);
    expect(JSON.stringify(error.data).length).toBeLessThan(1000);
  });

  it("is refused by a read where it names a store that the broker has never seen", async () => {
    const broker = await brokerWithTable();
    const meta = { readAfter: { evnets: 1 } };
    expect(await refusal(() => broker.call("table.find", {}, { meta }))).toMatchObject({
      type: "VALIDATION_ERROR",
      data: [{ field: "meta.readAfter: a store's name", actual: "evnets" }],
    });
  });

  it("may name another store, even one that has gone", async () => {
    const broker = await brokerWithTable();
    const meta = { readAfter: { others: 7 } };
    const others = broker.createService({
      name: "keeper",
      mixins: [EventStore("others", { adapter: "memory:" }).mixin()],
    });
    await broker.waitForServices("others");
    expect(await broker.call("table.find", {}, { meta })).toEqual([]);
    await broker.destroyService(others);
    expect(await broker.call("table.find", {}, { meta })).toEqual([]);
  });

  it("is made of answers", () => {
    const events = EventStore("events", { adapter: "memory:" });
    expect(events.readAfter({ position: 3 }, { position: 5 }, { position: 4 })).toEqual({ readAfter: { events: 5 } });
    expect(() => events.readAfter({} as { position: number })).toThrow("answers.0: found an object");
  });

  it("is handed on with 100 stores at most, the one that was written among them", async () => {
    const broker = await brokerWithTable();
    const readAfter: object = await broker.call("desk.handOn", {}, { meta: { readAfter: many } });
    expect(Object.keys(readAfter)).toHaveLength(100);
    expect(readAfter).toMatchObject({ events: 1, "store 7": 7 });
  });

  it("is handed on without what is no position, and with the later of two", async () => {
    const broker = await brokerWithTable();
    await broker.call("thing.create", { name: "x" });
    const meta = { readAfter: { other: 7, bad: "x", events: 1, ["n".repeat(1000)]: 1 } };
    expect(await broker.call("desk.handOn", {}, { meta })).toEqual({ events: 2, other: 7 });
  });
});

import { cpSync } from "node:fs";
import {
  EventStore,
  Subscription,
  type RecordedEvent,
  type StartFrom,
  type StoredAnswer,
} from "moleculer-event-sourcing";
import type { Context, ServiceBroker } from "moleculer";
import { spoken } from "../../mixins/service/between-nodes.ts";
import { caughtUp, cleanUp, eventually, newBroker, newFolder, refusal, startBroker } from "../support/broker.ts";
import { LogLines } from "./log-lines.ts";
import { appendTo, Watched, watchService, withStatus } from "./watch.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const append = (broker: ServiceBroker, type: string, payload: object = {}): Promise<StoredAnswer> =>
  broker.call("events.append", { stream: "a-1", events: [{ type, payload }] });

const newStore = (folder = newFolder()) => EventStore("events", { adapter: `sqlite:${folder}/events.db` });

describe("A subscription", () => {
  it("handles each event in the order of the log, and goes on after a restart", async () => {
    const folder = newFolder();
    const watched = new Watched();
    const one = await startBroker([watchService({ folder, watched })]);
    await appendTo(one, "a", "b");
    await caughtUp(one, "watch");
    await one.stop();
    const two = await startBroker([watchService({ folder, watched })]);
    await appendTo(two, "a");
    expect(await caughtUp(two, "watch")).toMatchObject({ state: "live", position: 3, lag: 0, parked: 0 });
    expect(watched.seen).toEqual([1, 2, 3]);
  });

  it("runs every handler whose pattern matches in the declared order, functions and actions alike", async () => {
    const ran: string[] = [];
    const events = newStore();
    const watch = Subscription("watch", {
      eventStore: events,
      on: {
        "thing.*": ({ type }) => ran.push(`star ${type}`),
        "thing.happened": "worker.handle",
        "**": ({ type }) => ran.push(`all ${type}`),
      },
    });
    const handle = (ctx: Context<RecordedEvent>) => void ran.push(`action ${ctx.params.type}`);
    const broker = await startBroker([
      { name: "host", mixins: [events.mixin(), watch.mixin()] },
      { name: "worker", actions: { handle } },
    ]);
    await append(broker, "thing.happened");
    await append(broker, "thing.else.deep");
    await caughtUp(broker, "watch");
    expect(ran).toEqual(["star thing.happened", "action thing.happened", "all thing.happened", "all thing.else.deep"]);
  });

  it("passes the event on as the cause of what its handlers bring about", async () => {
    const events = newStore();
    const watch = Subscription("watch", {
      eventStore: events,
      on: {
        "thing.happened": async (event, { call, ctx }) => {
          expect(ctx.meta).toMatchObject({ correlationId: event.meta.correlationId, causationId: event.id });
          await call("events.append", { stream: "b-1", events: [{ type: "thing.followed", payload: {} }] });
        },
        "thing.acted": "worker.handle",
      },
    });
    const broker = await startBroker([
      { name: "host", mixins: [events.mixin(), watch.mixin()] },
      {
        name: "worker",
        actions: {
          handle: (ctx: Context<RecordedEvent>) =>
            ctx.call("events.append", { stream: "b-1", events: [{ type: "thing.followed", payload: {} }] }),
        },
      },
    ]);
    const causes = [
      (await append(broker, "thing.happened")).events[0]!,
      (await append(broker, "thing.acted")).events[0]!,
    ];
    await caughtUp(broker, "watch");
    const followed: RecordedEvent[] = await eventsIn(broker.call("events.read", { stream: "b-1" }));
    expect(followed.map(({ meta: { $command, ...meta } }) => [meta, ($command as { name?: string })?.name])).toEqual(
      causes.map(({ id, meta: { correlationId } }, index) => [
        { correlationId, causationId: id, $causationDepth: 1 },
        // `call` sends a command id, a nested call does not.
        index === 0 ? "events.append" : undefined,
      ]),
    );
  });

  it("hands out frozen events", async () => {
    const events = newStore();
    const errors: unknown[] = [];
    const change = (event: RecordedEvent) => {
      const { payload } = event as { payload: Record<string, Record<string, unknown>> };
      for (const set of [() => (payload["deep"]!["x"] = 2), () => Object.assign(event, { position: 9 })])
        try {
          set();
        } catch (error) {
          errors.push(error);
        }
    };
    const watch = Subscription("watch", { eventStore: events, on: { "thing.happened": change } });
    const broker = await startBroker([{ name: "host", mixins: [events.mixin(), watch.mixin()] }]);
    await append(broker, "thing.happened", { deep: { x: 1 } });
    await caughtUp(broker, "watch");
    expect(errors).toEqual([expect.any(TypeError), expect.any(TypeError)]);
  });

  it("handles nothing twice when its owner is destroyed and comes back", async () => {
    const folder = newFolder();
    const watched = new Watched();
    const logger = new LogLines();
    const broker = await startBroker([watchService({ folder, watched })], { logger });
    await appendTo(broker, "a", "b");
    await caughtUp(broker, "watch");
    await appendTo(broker, "a", "b");
    await broker.destroyService("host");
    broker.createService(watchService({ folder, watched }));
    // Before the lease would lapse: it was released.
    await withStatus(broker, { state: "live", position: 4 });
    expect(watched.seen).toEqual([1, 2, 3, 4]);
    expect(logger.of("warn", /checkpoint/)).toEqual([]);
  });

  it("stops without a warning beside a store and an aggregate while events flow", async () => {
    const { Aggregate } = await import("moleculer-event-sourcing");
    const folder = newFolder();
    const watched = new Watched();
    const logger = new LogLines();
    const { mixins = [] } = watchService({ folder, watched });
    const table = Aggregate("table", { eventStore: newStore(folder), fields: { position: "integer" } })
      .on("thing.**")
      .create(({ id, position }) => ({ id, position }));
    const broker = await startBroker([{ name: "host", mixins: [...mixins, table.mixin()] }], { logger });
    for (let round = 0; round < 20; round++) await appendTo(broker, "a", "b", "c");
    const last = appendTo(broker, ...Array.from({ length: 50 }, (_, index) => `s-${index}`)).catch(() => {});
    await broker.stop();
    await last;
    expect(logger.of("warn", /./)).toEqual([]);
    expect(logger.of("error", /./)).toEqual([]);
    const again = await startBroker([watchService({ folder, watched })]);
    const { head } = await withStatus(again, { state: "live", lag: 0 });
    expect(watched.seen).toEqual(Array.from({ length: head! }, (_, index) => index + 1));
  });
});

describe("The start of a subscription", () => {
  const run = async (folder: string, startFrom: StartFrom, watched: Watched, during: string[] = []) => {
    const broker = await startBroker([watchService({ folder, watched, startFrom })]);
    await withStatus(broker, { state: "live" });
    await appendTo(broker, ...during);
    await caughtUp(broker, "watch");
    await broker.stop();
  };
  const fill = async (folder: string, ...streams: string[]) => {
    const broker = await startBroker([watchService({ folder, watched: new Watched(), hostsWatch: false })]);
    await appendTo(broker, ...streams);
    await broker.stop();
  };

  it.each([
    ["origin", [1, 2, 3, 4, 5]],
    ["current", [3, 4, 5]],
    [{ position: 0 }, [1, 2, 3, 4, 5]],
    [{ position: 1 }, [2, 3, 4, 5]],
    [{ position: 2 }, [3, 4, 5]],
    [{ time: "2020-01-01" }, [1, 2, 3, 4, 5]],
  ] as const)("at %j is the same after restarts", async (startFrom, expected) => {
    const folder = newFolder();
    const watched = new Watched();
    await fill(folder, "a", "b");
    // No event comes while it runs for the first time.
    await run(folder, startFrom, watched);
    await fill(folder, "c");
    await run(folder, startFrom, watched, ["d"]);
    await fill(folder, "e");
    await run(folder, startFrom, watched);
    expect(watched.seen).toEqual(expected);
  });

  it("at a time is the first event that is not older", async () => {
    const folder = newFolder();
    const broker = await startBroker([watchService({ folder, watched: new Watched(), hostsWatch: false })]);
    await appendTo(broker, "a");
    const first = Date.parse((await eventsIn<RecordedEvent>(broker.call("events.read")))[0]!.time);
    await eventually(() => expect(Date.now()).toBeGreaterThan(first + 1));
    await appendTo(broker, "b");
    const [a, b] = (await eventsIn<RecordedEvent>(broker.call("events.read"))).map(({ time }) => time);
    await eventually(() => expect(Date.now()).toBeGreaterThan(Date.parse(b!)));
    const justAfter = new Date(Date.parse(b!) + 1);
    await broker.stop();
    for (const [time, expected] of [
      [a!, [1, 2]],
      [new Date(first + 1), [2]],
      [b!, [2]],
      [justAfter, []],
    ] as const) {
      const watched = new Watched();
      const copy = newFolder();
      cpSync(folder, copy, { recursive: true });
      await run(copy, { time }, watched);
      expect([time, watched.seen]).toEqual([time, expected]);
    }
  });

  it.each([
    ["position", { position: 3 }, "found 3, expected at most the store's head, 2"],
    ["time", { time: "2999-01-01" }, 'found "2999-01-01T00:00:00.000Z", expected a time that has passed'],
  ] as const)("beyond the head by its %s waits, and stores nothing", async (field, startFrom, found) => {
    const folder = newFolder();
    await fill(folder, "a", "b");
    const watched = new Watched();
    const broker = await startBroker([watchService({ folder, watched, startFrom })]);
    const { cause } = await withStatus(broker, { state: "waiting" });
    expect(cause).toContain(`watch.startFrom.${field}: ${found}`);
    expect(await broker.call("$events.state", { consumer: "subscription/watch" }, spoken)).toBeNull();
    expect(watched.seen).toEqual([]);
  });

  it("beyond the head begins when the log has reached it", async () => {
    const watched = new Watched();
    const startFrom = { position: 1 };
    const broker = await startBroker([watchService({ folder: newFolder(), watched, startFrom })]);
    await withStatus(broker, { state: "waiting" });
    await appendTo(broker, "a", "b");
    await caughtUp(broker, "watch");
    expect(watched.seen).toEqual([2]);
  });

  it("at current of an empty log skips nothing", async () => {
    const folder = newFolder();
    const watched = new Watched();
    await run(folder, "current", watched);
    await fill(folder, "a");
    await run(folder, "current", watched, ["b"]);
    expect(watched.seen).toEqual([1, 2]);
  });
});

describe("The definition of a subscription", () => {
  const events = EventStore("events", { adapter: "sqlite:unused.db" });
  const handler = () => {};

  it.each([
    ["Subscription.name", "a b", { eventStore: events, on: { "a.b": handler } }],
    ["watch.eventStore", "watch", { on: { "a.b": handler } }],
    ["watch.startfrom", "watch", { eventStore: events, startfrom: "origin", on: { "a.b": handler } }],
    ["watch.startFrom", "watch", { eventStore: events, startFrom: "end", on: { "a.b": handler } }],
    ["watch.startFrom.position", "watch", { eventStore: events, startFrom: { position: -1 }, on: { "a.b": handler } }],
    ["watch.startFrom.position", "watch", { eventStore: events, startFrom: { position: "1" }, on: { "a.b": handler } }],
    ["watch.startFrom.time", "watch", { eventStore: events, startFrom: { time: "yesterday" }, on: { "a.b": handler } }],
    ["watch.startFrom.time", "watch", { eventStore: events, startFrom: { time: NaN }, on: { "a.b": handler } }],
    [
      "watch.startFrom.time",
      "watch",
      { eventStore: events, startFrom: { time: new Date(NaN) }, on: { "a.b": handler } },
    ],
    ["watch.startFrom", "watch", { eventStore: events, startFrom: { until: 5 }, on: { "a.b": handler } }],
    ["watch.startFrom", "watch", { eventStore: events, startFrom: {}, on: { "a.b": handler } }],
    [
      "watch.startFrom",
      "watch",
      { eventStore: events, startFrom: { position: 1, time: "2026-01-01" }, on: { "a.b": handler } },
    ],
    ["watch.on", "watch", { eventStore: events }],
    ["watch.on", "watch", { eventStore: events, on: {} }],
    ["watch.on", "watch", { eventStore: events, on: null }],
    ["watch.on", "watch", { eventStore: events, on: "mail.send" }],
    ["watch.on", "watch", { eventStore: events, on: ["mail.send"] }],
    ["watch.on", "watch", { eventStore: events, on: { "": handler } }],
    ['watch.on["a.b"]', "watch", { eventStore: events, on: { "a.b": "" } }],
    ['watch.on["a.b"]', "watch", { eventStore: events, on: { "a.b": 5 } }],
    ["watch.onError.retrys", "watch", { eventStore: events, onError: { retrys: 1 }, on: { "a.b": handler } }],
    ["watch.onError.retries", "watch", { eventStore: events, onError: { retries: -1 }, on: { "a.b": handler } }],
    ["watch.onError.timeoutMs", "watch", { eventStore: events, onError: { timeoutMs: 0 }, on: { "a.b": handler } }],
  ])("names what is wrong with %s", async (field, name, options) => {
    const define = Subscription as (name: string, options: object) => unknown;
    const error = await refusal(() => define(name, options));
    expect(error).toMatchObject({ type: "DEFINITION", code: 500 });
    expect(error.message).toMatch(/: found .+, expected ./);
    expect(error.message.startsWith(`${field}: `)).toBe(true);
  });

  it("is refused where another of its name, or something else, is there already", async () => {
    const store = newStore();
    const on = { "a.b": handler };
    const [one, two] = [1, 2].map(() => Subscription("watch", { eventStore: store, on }));
    const broker = newBroker();
    broker.createService({ name: "first", mixins: [store.mixin(), one!.mixin()] });
    broker.createService({ name: "shared", mixins: [one!.mixin()] });
    expect(await refusal(() => broker.createService({ name: "second", mixins: [two!.mixin()] }))).toMatchObject({
      type: "NAME_TAKEN",
      message: expect.stringContaining("another subscription's name") as string,
    });
    const asStore = EventStore("watch", { adapter: "sqlite:unused.db" });
    expect(await refusal(() => broker.createService({ name: "third", mixins: [asStore.mixin()] }))).toMatchObject({
      type: "NAME_TAKEN",
      message: expect.stringContaining("is already the name of this broker's subscription") as string,
    });
  });

  it("restricts the callers of its actions", async () => {
    const store = newStore();
    const watch = Subscription("watch", {
      eventStore: store,
      on: { "a.b": handler },
      actions: { skip: { visibility: "private" }, parked: { visibility: "protected" } },
    });
    const broker = await startBroker([{ name: "host", mixins: [store.mixin(), watch.mixin()] }]);
    expect(await eventsIn(broker.call("watch.parked"))).toEqual([]);
    expect(await refusal(() => broker.call("watch.skip", { id: "x" }))).toMatchObject({ type: "SERVICE_NOT_FOUND" });
  });
});

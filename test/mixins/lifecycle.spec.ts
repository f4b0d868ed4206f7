import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import {
  Aggregate,
  Decider,
  EventStore,
  ProcessManager,
  Subscription,
  type AggregateStatus,
  type StoredAnswer,
  type FieldsInput,
  type RecordedEvent,
  type TransformView,
} from "moleculer-event-sourcing";
import type { BrokerOptions, Context, ServiceBroker, ServiceSchema } from "moleculer";
import { caughtUp, cleanUp, eventually, newBroker, newFolder, refusal, startBroker } from "../support/broker.ts";
import { openParams } from "../support/open-params.ts";
import { LogLines } from "./log-lines.ts";
import { changeHistory } from "../support/change-history.ts";
import { turns } from "./turns.ts";

afterEach(cleanUp);

type Row = Record<string, unknown>;
type Transform = (event: RecordedEvent, view: TransformView) => unknown;

const newStore = (folder: string) => EventStore("events", { adapter: `sqlite:${folder}/events.db` });
/** The same store, hosted by another service; the folder is for tables. */
const remoteStore = (folder: string) => EventStore("events", { adapter: `sqlite:${folder}/events.db`, host: false });

const counting = (events: EventStore) =>
  Decider("counter", {
    eventStore: events,
    initialState: () => 0,
    commands: { count: { decide: () => ({ type: "counted", payload: {} }) } },
    evolve: { counted: (n: number) => n + 1 },
  });

interface Definition {
  fields?: FieldsInput;
  transform?: Transform;
  pattern?: "**";
  onChange?: "rebuild" | "warn";
}

/** A service with a store and a table in a folder: one row per event, numbered by its position. */
function thing(
  folder: string,
  { fields = { n: "integer" }, transform = numbered, pattern, onChange = "rebuild" }: Definition = {},
): ServiceSchema {
  const events = newStore(folder);
  // With a version: transforms that report more in one test than in another fold the same rows.
  const table = Aggregate("table", {
    eventStore: events,
    fields,
    onError: { retries: 0 },
    definitionVersion: 1,
    onChange,
  })
    .on(pattern ?? "thing.**")
    .create(transform as (event: RecordedEvent) => never);
  return {
    name: "thing",
    mixins: [events.mixin(), table.mixin()],
    actions: { happen: events.mapAction("thing.happened", { params: openParams }) },
  };
}

const idOf = (position: number) => String(position).padStart(3, "0");
const numbered: Transform = ({ position }) => ({ id: idOf(position), n: position });

const append = (broker: ServiceBroker, count = 1, type = "thing.happened"): Promise<StoredAnswer> =>
  broker.call("events.append", {
    stream: "thing-1",
    events: Array.from({ length: count }, () => ({ type, payload: {} })),
  });

const rowsOf = (broker: ServiceBroker, params: object = {}): Promise<Row[]> => broker.call("table.find", params);
const numbersOf = async (broker: ServiceBroker) => (await rowsOf(broker)).map(({ n }) => n);
const statusOf = (broker: ServiceBroker): Promise<AggregateStatus> => broker.call("table.status");
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

async function inState(broker: ServiceBroker, state: AggregateStatus["state"]): Promise<AggregateStatus> {
  return eventually(async () => {
    const status = await statusOf(broker);
    expect(status).toMatchObject({ state });
    return status;
  });
}

/** All services but Moleculer's own; by name, since a failing test would print whole brokers. */
const namesOf = (broker: ServiceBroker) =>
  broker.services
    .map(({ name }) => name)
    .filter((name) => !name.startsWith("$"))
    .toSorted();

/** SQLite's auxiliary files, which exist while the file is open. */
const openFiles = (folder: string) => readdirSync(folder).filter((file) => /-(wal|shm|journal)$/.test(file));

/** A service whose store does not start would wait for ever, and keep the test's process alive. */
const impatient: BrokerOptions = { dependencyTimeout: 40_000 };

const restarted = async (broker: ServiceBroker, ...services: ServiceSchema[]): Promise<ServiceBroker> => {
  await broker.stop();
  return startBroker(services);
};

describe("A store that several services mix in", () => {
  async function brokerWithThree(): Promise<{ broker: ServiceBroker; folder: string }> {
    const folder = newFolder();
    const events = newStore(folder);
    const sharing = (name: string): ServiceSchema => ({
      name,
      mixins: [events.mixin()],
      actions: { happen: events.mapAction(`${name}.happened`, { params: openParams }) },
    });
    // With a version, which any service may have.
    return { folder, broker: await startBroker([sharing("one"), { ...sharing("two"), version: 2 }, sharing("three")]) };
  }
  const storesOf = (broker: ServiceBroker) => namesOf(broker).filter((name) => name === "events");

  it("is one service, which each of them writes to", async () => {
    const { broker } = await brokerWithThree();
    expect(storesOf(broker)).toHaveLength(1);
    for (const name of ["one", "v2.two", "three"]) await broker.call(`${name}.happen`, { id: "1" });
    expect(await broker.call("events.find")).toMatchObject([
      { position: 1, stream: "one-1" },
      { position: 2, stream: "two-1" },
      { position: 3, stream: "three-1" },
    ]);
  });

  it("ends with the last of them, whichever came first", async () => {
    const { broker, folder } = await brokerWithThree();
    await broker.call("one.happen", { id: "1" });
    await broker.destroyService("one");
    await broker.destroyService({ name: "two", version: 2 });
    expect(await broker.call("three.happen", { id: "1" })).toMatchObject({ position: 2 });
    expect(storesOf(broker)).toHaveLength(1);
    await broker.destroyService("three");
    expect(storesOf(broker)).toEqual([]);
    expect(await refusal(() => broker.call("events.status"))).toMatchObject({ code: 404 });
    expect(openFiles(folder)).toEqual([]);
    const other = await startBroker([{ name: "other", mixins: [newStore(folder).mixin()] }]);
    expect(await other.call("events.count")).toBe(2);
  });

  it("is there again when one of them comes back", async () => {
    const folder = newFolder();
    const broker = await startBroker([thing(folder)]);
    for (let round = 1; round <= 3; round++) {
      await append(broker);
      await caughtUp(broker, "table");
      expect(await numbersOf(broker)).toEqual(upTo(round));
      await broker.destroyService("thing");
      expect(namesOf(broker)).toEqual([]);
      broker.createService(thing(folder));
      await broker.waitForServices(["thing", "events", "table"], 10_000, 20);
    }
  });

  it("is there again for the next service after it was destroyed", async () => {
    const { broker, folder } = await brokerWithThree();
    await broker.call("one.happen", { id: "1" });
    await broker.destroyService("events");
    broker.createService({ name: "four", mixins: [newStore(folder).mixin()] });
    await broker.waitForServices(["four", "events"], 5000, 5);
    expect(await broker.call("events.count")).toBe(1);
    expect(await broker.call("three.happen", { id: "1" })).toMatchObject({ position: 2 });
  });

  it("ends with the last of them also where one was destroyed before it had started", async () => {
    const broker = await startBroker([]);
    const { mixins = [] } = thing(newFolder());
    const early = broker.createService({ name: "early", mixins });
    const destroyed = broker.destroyService(early);
    const late = broker.createService({ name: "late", mixins });
    await destroyed;
    await broker.waitForServices("late");
    await broker.destroyService(late);
    await eventually(() => expect(broker.getLocalService("events")).toBeFalsy());
  });

  it.each([
    [
      "an aggregate",
      (events: EventStore) =>
        Aggregate("table", { eventStore: events, fields: { n: "integer" } })
          .on("**")
          .create(() => null),
    ],
    ["a decider", (events: EventStore) => counting(events)],
    [
      "a process manager",
      (events: EventStore) =>
        ProcessManager("manager", { eventStore: events, correlate: () => null, on: { a: () => {} } }),
    ],
    ["a subscription", (events: EventStore) => Subscription("watch", { eventStore: events, on: { a: () => {} } })],
  ])("is brought along by %s, and ends with it", async (_, consumerOf) => {
    const consumer = consumerOf(newStore(newFolder()));
    const broker = await startBroker([{ name: "only", mixins: [consumer.mixin()] }]);
    expect(await broker.call("events.status")).toMatchObject({ head: 0 });
    await broker.destroyService("only");
    await eventually(() => expect(storesOf(broker)).toEqual([]));
  });

  it("is hosted by one service only if another has host: false", async () => {
    const folder = newFolder();
    const guest = EventStore("events", { adapter: `sqlite:${newFolder()}/none.db`, host: false });
    const broker = await startBroker([
      {
        name: "guest",
        mixins: [guest.mixin()],
        actions: { happen: guest.mapAction("guest.happened", { params: openParams }) },
      },
    ]);
    expect(storesOf(broker)).toEqual([]);
    expect(await refusal(() => broker.call("guest.happen", { id: "1" }))).toMatchObject({ type: "SERVICE_NOT_FOUND" });
    broker.createService({ name: "host", mixins: [newStore(folder).mixin()] });
    await broker.waitForServices("host", 10_000, 20);
    expect(await broker.call("guest.happen", { id: "1" })).toMatchObject({ stream: "guest-1", position: 1 });
  });
});

describe("A broker that fails to start", () => {
  it("leaves no caller waiting for events that will not come", async () => {
    const folder = newFolder();
    writeFileSync(`${folder}/events.db`, "this is no database, and it is long enough to be looked at".repeat(20));
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
    const before = timers();
    const broker = newBroker(impatient);
    broker.createService(thing(folder));
    expect(await refusal(() => broker.start())).toMatchObject({ type: "UNUSABLE_STORE" });
    await broker.stop();
    // Less than the time for which dependencies are waited for.
    await eventually(() => expect(timers()).toBeLessThanOrEqual(before), 20_000);
  });

  it("lets go of every file when it is stopped", async () => {
    const folder = newFolder();
    mkdirSync(`${folder}/table`);
    const text = "this is no database, and it is long enough to be looked at as one".repeat(20);
    writeFileSync(`${folder}/table/live.db`, text);
    const broker = newBroker(impatient);
    broker.createService(thing(folder));
    expect(await refusal(() => broker.start())).toMatchObject({ type: "UNUSABLE_STORE", code: 500 });
    await broker.stop();
    expect(openFiles(folder)).toEqual([]);
    rmSync(`${folder}/table/live.db`);
    const other = await startBroker([thing(folder)]);
    expect(await append(other)).toMatchObject({ position: 1 });
  });
});

describe("Stopping a broker", () => {
  it("closes every handle, so that another broker can open the files at once", async () => {
    const folder = newFolder();
    let broker = await startBroker([thing(folder)]);
    for (let round = 1; round <= 3; round++) {
      await append(broker);
      await caughtUp(broker, "table");
      expect(openFiles(folder)).not.toEqual([]);
      await broker.stop();
      expect(openFiles(folder)).toEqual([]);
      broker = await startBroker([thing(folder)]);
    }
    await append(broker);
    await caughtUp(broker, "table");
    expect(await numbersOf(broker)).toEqual([1, 2, 3, 4]);
  });

  it("lets every companion service answer after the next start", async () => {
    const heard: number[] = [];
    const folder = newFolder();
    const broker = await startBroker([
      thing(folder),
      {
        name: "listener",
        events: { "thing.happened": (ctx: Context<RecordedEvent>) => void heard.push(ctx.params.position) },
      },
    ]);
    for (let round = 1; round <= 3; round++) {
      expect(await broker.call("thing.happen", { id: "1" })).toMatchObject({ version: round, position: round });
      await caughtUp(broker, "table");
      expect(await numbersOf(broker)).toEqual(upTo(round));
      await eventually(() => expect(heard).toContain(round));
      expect(await broker.call("events.status")).toMatchObject({ head: round });
      await broker.stop();
      expect(openFiles(folder)).toEqual([]);
      await broker.start();
    }
    expect(namesOf(broker)).toEqual(["events", "listener", "table", "thing"]);
  });

  it("keeps every append that was answered, and refuses the others with an error that is retryable", async () => {
    const folder = newFolder();
    const broker = await startBroker([thing(folder)], { registry: { stopDelay: 0 } });
    const outcomes: Promise<unknown>[] = [];
    const stopped = broker.stop();
    const done = new AbortController();
    void stopped.then(() => done.abort());
    while (!done.signal.aborted) {
      outcomes.push(append(broker));
      await new Promise((turn) => setImmediate(turn));
    }
    outcomes.push(append(broker));
    const settled = await Promise.allSettled(outcomes);
    const refused = settled.filter((outcome) => outcome.status === "rejected");
    for (const { reason } of refused)
      expect(reason).toMatchObject({ type: "STORE_UNAVAILABLE", code: 503, retryable: true });
    expect(refused.length).toBeGreaterThan(0);
    await broker.start();
    expect(await broker.call("events.count")).toBe(settled.length - refused.length);
  });

  it("commits what the store had accepted", async () => {
    const folder = newFolder();
    const events = newStore(folder);
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin()] }]);
    const accepted = Promise.allSettled(upTo(10).map(() => append(broker)));
    // The calls have reached the store, but the turn with the commit has not come.
    for (let step = 0; step < 30; step++) await Promise.resolve();
    await broker.destroyService("thing");
    expect((await accepted).map(({ status }) => status)).toEqual(upTo(10).map(() => "fulfilled"));
    const other = await startBroker([{ name: "thing", mixins: [events.mixin()] }]);
    expect(await other.call("events.count")).toBe(10);
  });

  it("waits for the transform that runs, and commits its row", async () => {
    const folder = newFolder();
    const held = Promise.withResolvers<void>();
    let isRunning = false;
    const transform: Transform = async (event, view) => {
      isRunning = true;
      await held.promise;
      return numbered(event, view);
    };
    const one = await startBroker([thing(folder, { transform })]);
    await append(one, 2);
    await eventually(() => expect(isRunning).toBe(true));
    const stopped = one.stop();
    await eventually(() => expect(one.stopping).toBe(true));
    held.resolve();
    await stopped;
    const ran: number[] = [];
    const two = await startBroker([
      thing(folder, { transform: (event, view) => (ran.push(event.position), numbered(event, view)) }),
    ]);
    await caughtUp(two, "table");
    expect(await numbersOf(two)).toEqual([1, 2]);
    expect(ran).not.toContain(1);
  });

  it("is possible where it was never started", async () => {
    const folder = newFolder();
    const broker = newBroker();
    broker.createService(thing(folder));
    await broker.stop();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("Two brokers of one process", () => {
  it("have nothing in common when their folders differ", async () => {
    const [one, two] = await Promise.all([startBroker([thing(newFolder())]), startBroker([thing(newFolder())])]);
    await append(one, 2);
    await append(two, 1);
    await Promise.all([caughtUp(one, "table"), caughtUp(two, "table")]);
    expect(await numbersOf(one)).toEqual([1, 2]);
    expect(await numbersOf(two)).toEqual([1]);
    await one.stop();
    await append(two);
    await caughtUp(two, "table");
    expect(await numbersOf(two)).toEqual([1, 2]);
  });

  it("cannot share files, not even from the same factories: the second does not start", async () => {
    const folder = newFolder();
    const shared = thing(folder);
    const one = await startBroker([shared]);
    await append(one);
    const two = newBroker(impatient);
    two.createService(shared);
    const error = await refusal(() => two.start());
    expect(error).toMatchObject({ name: "UnusableStoreError", type: "UNUSABLE_STORE", code: 500, retryable: false });
    expect(error.message).toContain("is hosted by another process or broker");
    expect(error.data).toMatchObject({ location: expect.stringContaining(folder) as string });
    await two.stop();

    // The first has noticed nothing.
    await append(one);
    await caughtUp(one, "table");
    expect(await numbersOf(one)).toEqual([1, 2]);
    await one.stop();
    await two.start();
    await append(two);
    await caughtUp(two, "table");
    expect(await numbersOf(two)).toEqual([1, 2, 3]);
  });

  it("cannot share a table's file either", async () => {
    const [folder, other] = [newFolder(), newFolder()];
    const sharing = (store: string): ServiceSchema => {
      const events = newStore(store);
      const table = Aggregate("table", {
        eventStore: events,
        adapter: `sqlite:${folder}/t.db`,
        fields: { n: "integer" },
      });
      return {
        name: "thing",
        mixins: [
          events.mixin(),
          table
            .on("thing.**")
            .create(({ id, position }) => ({ id, n: position }))
            .mixin(),
        ],
      };
    };
    await startBroker([sharing(folder)]);
    const two = newBroker(impatient);
    two.createService(sharing(other));
    expect(await refusal(() => two.start())).toMatchObject({
      type: "UNUSABLE_STORE",
      code: 500,
      data: { location: `${folder}/t` },
    });
    await two.stop();
    expect(openFiles(other)).toEqual([]);
  });
});

describe("The store's status", () => {
  it("says why nothing can be stored, until something is", async () => {
    const folder = newFolder();
    const broker = await startBroker([thing(folder)]);
    await append(broker);
    await eventually(async () => expect(await broker.call("events.status")).toMatchObject({ pump: { lag: 0 } }));
    const intruder = new Database(`${folder}/events.db`);
    intruder.exec("BEGIN IMMEDIATE");
    await refusal(() => append(broker));
    expect(await broker.call("events.status")).toMatchObject({
      state: "waiting",
      head: 1,
      cause: expect.stringContaining("another process holds the file's lock") as string,
    });
    intruder.exec("ROLLBACK");
    intruder.close();
    await append(broker);
    await eventually(async () =>
      expect(await broker.call("events.status")).toEqual({
        name: "events",
        engine: "sqlite",
        state: "live",
        head: 2,
        paused: false,
        pump: { position: 2, lag: 0, standsByFor: null },
        cause: null,
        jobs: [],
      }),
    );
  });

  it("says why the pump cannot go on", async () => {
    const folder = newFolder();
    const held = Promise.withResolvers<void>();
    const listener = { name: "listener", events: { "thing.happened": () => held.promise } };
    const broker = await startBroker([thing(folder), listener]);
    await append(broker);
    const intruder = new Database(`${folder}/events.db`);
    intruder.exec("BEGIN IMMEDIATE");
    // The event is delivered now, but the checkpoint behind it cannot be saved.
    held.resolve();
    await eventually(async () =>
      expect(await broker.call("events.status")).toMatchObject({
        cause: expect.stringContaining("another process holds the file's lock") as string,
      }),
    );
    intruder.exec("ROLLBACK");
    intruder.close();
    await eventually(async () =>
      expect(await broker.call("events.status")).toMatchObject({ state: "live", cause: null }),
    );
  });

  it("knows neither position nor lag, and says why, when the log does not answer", async () => {
    const broker = await startBroker([thing(newFolder())]);
    await append(broker);
    await broker.stop();
    expect(await broker.call("events.status")).toMatchObject({
      state: "waiting",
      head: null,
      pump: { lag: null },
      cause: expect.stringContaining("the event log is not open") as string,
    });
  });
});

describe("An aggregate's status", () => {
  it("is complete", async () => {
    const broker = await startBroker([thing(newFolder())]);
    await append(broker, 3);
    await caughtUp(broker, "table");
    expect(await inState(broker, "live")).toEqual({
      name: "table",
      node: broker.nodeID,
      state: "live",
      position: 3,
      head: 3,
      lag: 0,
      paused: false,
      rebuilding: null,
      parked: 0,
      reordered: false,
      stale: false,
      cause: null,
      failing: null,
    });
  });

  it("counts events of every type, also over a restart", async () => {
    const folder = newFolder();
    const one = await startBroker([thing(folder)]);
    await append(one, 2);
    await append(one, 3, "other.happened");
    await caughtUp(one, "table");
    expect(await statusOf(one)).toMatchObject({ position: 5, head: 5, lag: 0 });
    await one.stop();
    const two = await startBroker([
      thing(folder, {
        transform: () => {
          throw new Error("folded twice");
        },
      }),
    ]);
    expect(await inState(two, "live")).toMatchObject({ position: 5, parked: 0 });
    expect(await numbersOf(two)).toEqual([1, 2]);
  });

  it("knows neither head nor lag while the store is away; queries are answered, and the fold goes on by itself", async () => {
    const folder = newFolder();
    const table = Aggregate("table", { eventStore: remoteStore(folder), fields: { n: "integer" } })
      .on("thing.**")
      .create(({ position }) => ({ id: idOf(position), n: position }));
    const host: ServiceSchema = { name: "host", mixins: [newStore(folder).mixin()] };
    const broker = await startBroker([host, { name: "reader", mixins: [table.mixin()] }]);
    await append(broker, 2);
    await caughtUp(broker, "table");
    await broker.destroyService("host");
    const status = await eventually(async () => {
      const now = await statusOf(broker);
      expect(now).toMatchObject({ head: null, lag: null });
      return now;
    });
    expect(status).toMatchObject({ position: 2, paused: false, parked: 0 });
    expect(await numbersOf(broker)).toEqual([1, 2]);
    broker.createService(host);
    await broker.waitForServices("host", 10_000, 20);
    await append(broker);
    await caughtUp(broker, "table");
    expect(await numbersOf(broker)).toEqual([1, 2, 3]);
  });

  it("says that it waits for the store, and why, when the store stays away", async () => {
    const folder = newFolder();
    const logger = new LogLines();
    const table = Aggregate("table", { eventStore: remoteStore(folder), fields: { n: "integer" } })
      .on("thing.**")
      .create(({ id, position }) => ({ id, n: position }));
    const broker = await startBroker(
      [
        { name: "host", mixins: [newStore(folder).mixin()] },
        { name: "reader", mixins: [table.mixin()] },
      ],
      { logger },
    );
    await append(broker);
    await caughtUp(broker, "table");
    await broker.destroyService("host");
    const { cause } = await inState(broker, "waiting");
    expect(cause).toContain("events");
    expect(logger.of("warn", /^table waits: /)).toHaveLength(1);
  });
});

describe("Pausing an aggregate", () => {
  it("leaves its table as it is while others go on, until it is resumed", async () => {
    const folder = newFolder();
    const events = newStore(folder);
    const [table, other] = ["table", "other"].map((name) =>
      Aggregate(name, { eventStore: events, fields: { n: "integer" } })
        .on("thing.**")
        .create(({ position }) => ({ id: idOf(position), n: position })),
    );
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), table!.mixin(), other!.mixin()] }]);
    await append(broker, 2);
    await caughtUp(broker, "table");
    await broker.call("table.pause");
    await broker.call("table.pause");
    await append(broker, 3);
    await caughtUp(broker, "other");
    await turns(broker);
    expect(await numbersOf(broker)).toEqual([1, 2]);
    expect(await statusOf(broker)).toMatchObject({ state: "paused", paused: true, position: 2, head: 5, lag: 3 });
    expect(await broker.call("other.count")).toBe(5);
    await broker.call("table.resume");
    await caughtUp(broker, "table");
    expect(await numbersOf(broker)).toEqual([1, 2, 3, 4, 5]);
    expect(await inState(broker, "live")).toMatchObject({ paused: false });
    await broker.call("table.resume");
    expect(await statusOf(broker)).toMatchObject({ paused: false });
  });

  it("stays over a restart", async () => {
    const folder = newFolder();
    const one = await startBroker([thing(folder)]);
    await append(one, 2);
    await caughtUp(one, "table");
    await one.call("table.pause");
    await append(one);
    const two = await restarted(one, thing(folder));
    await append(two);
    expect(await inState(two, "paused")).toMatchObject({ paused: true, position: 2, head: 4, lag: 2 });
    await turns(two);
    expect(await numbersOf(two)).toEqual([1, 2]);
    await two.call("table.resume");
    await caughtUp(two, "table");
    expect(await numbersOf(two)).toEqual([1, 2, 3, 4]);
    const three = await restarted(two, thing(folder));
    await append(three);
    await caughtUp(three, "table");
    expect(await statusOf(three)).toMatchObject({ paused: false });
  });

  it("answers when nothing is in flight, and what was in flight is committed", async () => {
    const held = Promise.withResolvers<void>();
    const said: string[] = [];
    const transform: Transform = async (event, view) => {
      said.push(`transform ${event.position} begins`);
      await held.promise;
      said.push(`transform ${event.position} ends`);
      return numbered(event, view);
    };
    const broker = await startBroker([thing(newFolder(), { transform })]);
    await append(broker, 2);
    await eventually(() => expect(said).toEqual(["transform 1 begins"]));
    const paused = broker.call("table.pause").then(() => said.push("paused"));
    await eventually(async () => expect(await statusOf(broker)).toMatchObject({ paused: true }));
    await turns(broker);
    expect(said).toEqual(["transform 1 begins"]);
    held.resolve();
    await paused;
    await turns(broker);
    expect(said).toEqual(["transform 1 begins", "transform 1 ends", "paused"]);
    expect(await numbersOf(broker)).toEqual([1]);
    expect(await statusOf(broker)).toMatchObject({ state: "paused", position: 1 });
  });
});

describe("An aggregate that starts with other fields than its table has", () => {
  const withSize: FieldsInput = { n: "integer", size: "integer" };
  const counting: Transform = async (event, view) => ({
    ...(numbered(event, view) as object),
    size: (await view.find()).length,
  });

  async function folderWithThree(): Promise<string> {
    const folder = newFolder();
    const broker = await startBroker([thing(folder)]);
    await append(broker, 3);
    await caughtUp(broker, "table");
    await broker.stop();
    return folder;
  }
  const oldRows = upTo(3).map((n) => ({ id: idOf(n), n }));

  /** A transform of the new definition that waits at its second event. */
  function heldTransform(): { transform: Transform; isHeld: Promise<void>; release: () => void } {
    const [isHeld, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    return {
      isHeld: isHeld.promise,
      release: held.resolve,
      async transform(event, view) {
        if (event.position === 2) {
          isHeld.resolve();
          await held.promise;
        }
        return counting(event, view);
      },
    };
  }

  it.each<[string, BrokerOptions]>([
    ["without a cacher", {}],
    ["with a cacher", { cacher: "Memory" }],
  ])("answers from the old table until the new one is folded, %s", async (_with, options) => {
    const folder = await folderWithThree();
    const { transform, isHeld, release } = heldTransform();
    const broker = await startBroker([thing(folder, { fields: withSize, transform })], options);
    await isHeld;
    await append(broker);
    expect(await rowsOf(broker)).toEqual(oldRows);
    expect(await rowsOf(broker)).toEqual(oldRows);
    expect(await broker.call("table.get", { id: "002" })).toEqual(oldRows[1]);
    expect(await refusal(() => rowsOf(broker, { query: { size: 1 } }))).toMatchObject({ type: "INVALID_QUERY" });
    expect(await statusOf(broker)).toMatchObject({
      stale: true,
      position: 3,
      head: 4,
      lag: 1,
      rebuilding: { done: expect.any(Number) as number, total: 4, rate: expect.any(Number) as number },
    });

    release();
    await eventually(async () => expect(await statusOf(broker)).toMatchObject({ stale: false, lag: 0 }));
    // The transform's own view was the generation being built.
    expect(await rowsOf(broker)).toEqual(upTo(4).map((n) => ({ id: idOf(n), n, size: n - 1 })));
    expect(await rowsOf(broker, { query: { size: 1 } })).toMatchObject([{ id: "002" }]);
    expect(await statusOf(broker)).toMatchObject({ state: "live", position: 4, lag: 0, rebuilding: null });
    expect(readdirSync(`${folder}/table`).filter((file) => /^\d+\.db$/.test(file))).toEqual(["2.db"]);
  });

  it("gives out no cached answer of the old table after the switch", async () => {
    const folder = newFolder();
    const one = await startBroker([thing(folder)]);
    // A whole page of events: the switch comes with the next page, which is empty and commits nothing.
    await append(one, 1000);
    await caughtUp(one, "table");
    await one.stop();
    const two = newBroker({ cacher: "Memory" });
    two.createService(
      thing(folder, {
        fields: withSize,
        transform: (event, view) => ({ ...(numbered(event, view) as object), size: 1 }),
      }),
    );
    await two.start();
    const done = new AbortController();
    const readers = upTo(4).map(async () => {
      while (!done.signal.aborted) {
        await two.call("table.get", { id: "001" });
        await new Promise((turn) => setImmediate(turn));
      }
    });
    await eventually(async () => expect(await statusOf(two)).toMatchObject({ stale: false }));
    done.abort();
    await Promise.all(readers);
    expect(await two.call("table.get", { id: "001" })).toEqual({ id: "001", n: 1, size: 1 });
  });

  it("answers from the new table after the next restart, without folding again", async () => {
    const folder = await folderWithThree();
    const one = await startBroker([thing(folder, { fields: withSize, transform: counting })]);
    await eventually(async () => expect(await statusOf(one)).toMatchObject({ stale: false }));
    const ran: number[] = [];
    const two = await restarted(
      one,
      thing(folder, {
        fields: withSize,
        transform: (event, view) => (ran.push(event.position), counting(event, view)),
      }),
    );
    await append(two);
    await caughtUp(two, "table");
    expect(ran).toEqual([4]);
    expect(await rowsOf(two)).toHaveLength(4);
  });

  it("starts again after a restart in the middle", async () => {
    const folder = await folderWithThree();
    const { transform, isHeld, release } = heldTransform();
    const one = await startBroker([thing(folder, { fields: withSize, transform })]);
    await isHeld;
    const stopped = one.stop();
    release();
    await stopped;
    expect(openFiles(folder)).toEqual([]);
    const two = await startBroker([thing(folder, { fields: withSize, transform: counting })]);
    await eventually(async () => expect(await statusOf(two)).toMatchObject({ stale: false }));
    await caughtUp(two, "table");
    expect(await rowsOf(two)).toEqual(upTo(3).map((n) => ({ id: idOf(n), n, size: n - 1 })));
  });

  it("has its old table at once when the old fields come back in the middle", async () => {
    const folder = await folderWithThree();
    const { transform, isHeld, release } = heldTransform();
    const one = await startBroker([thing(folder, { fields: withSize, transform })]);
    await isHeld;
    // Paused, so that the new table stays unfinished when the transform is released.
    const paused = one.call("table.pause");
    await eventually(async () => expect(await statusOf(one)).toMatchObject({ paused: true }));
    release();
    await paused;
    await one.stop();
    const two = await startBroker([thing(folder)]);
    expect(await statusOf(two)).toMatchObject({ stale: false });
    expect(await rowsOf(two)).toEqual(oldRows);
    expect(readdirSync(`${folder}/table`).filter((file) => /^\d+\.db$/.test(file))).toEqual(["1.db"]);
  });

  it("stays on the old table when nothing can be folded into the new one", async () => {
    const folder = newFolder();
    const one = await startBroker([thing(folder)]);
    for (const id of upTo(20)) await one.call("thing.happen", { id });
    await caughtUp(one, "table");
    const rows = await rowsOf(one);
    expect(rows).toHaveLength(20);
    const failing: Transform = () => {
      throw new Error("a fault of the new definition");
    };
    const two = await restarted(one, thing(folder, { fields: withSize, transform: failing }));
    const { cause } = await inState(two, "stopped");
    expect(cause).toContain("a fault of the new definition");
    await turns(two);
    expect(await rowsOf(two)).toEqual(rows);
    expect(await statusOf(two)).toMatchObject({ state: "stopped", stale: true });

    const three = await restarted(two, thing(folder, { fields: withSize, transform: counting }));
    await eventually(async () => expect(await statusOf(three)).toMatchObject({ stale: false }));
    expect(await rowsOf(three)).toEqual(rows.map((row, index) => ({ ...row, size: index })));
  });

  it("stays on the old table while it is paused", async () => {
    const folder = await folderWithThree();
    const one = await startBroker([thing(folder)]);
    await one.call("table.pause");
    const two = await restarted(one, thing(folder, { fields: withSize, transform: counting }));
    await inState(two, "paused");
    await turns(two);
    expect(await rowsOf(two)).toEqual(oldRows);
    expect(await statusOf(two)).toMatchObject({ stale: true, position: 3, lag: 0 });
    await two.call("table.resume");
    await eventually(async () => expect(await statusOf(two)).toMatchObject({ stale: false }));
    expect(await rowsOf(two, { query: { size: 2 } })).toMatchObject([{ id: "003" }]);
  });
});

describe("A table whose log is not the one it was folded from", () => {
  async function folderWithFive(): Promise<string> {
    const folder = newFolder();
    const broker = await startBroker([thing(folder)]);
    await append(broker, 5);
    await caughtUp(broker, "table");
    await broker.stop();
    return folder;
  }

  /** An empty log replaces it, which only an explicit option creates. */
  async function deleteLog(folder: string): Promise<void> {
    for (const file of readdirSync(folder)) if (file.startsWith("events.db")) rmSync(`${folder}/${file}`);
    const log = new SqliteEventLog(`${folder}/events.db`, { begin: "anew" });
    await log.open();
    await log.close();
  }

  /** Turns the log's file into an older copy. */
  function truncateLog(folder: string, position: number): void {
    const db = new Database(`${folder}/events.db`);
    changeHistory(db, `DELETE FROM events WHERE position > ${position}`);
    db.close();
    // Otherwise the head recorded by the last host would refuse the log.
    rmSync(`${folder}/events.db.head`);
  }

  it("is stopped with a cause when the store's file was deleted", async () => {
    const folder = await folderWithFive();
    await deleteLog(folder);
    const logger = new LogLines();
    const broker = await startBroker([thing(folder)], { logger });
    const { cause, position } = await inState(broker, "stopped");
    expect(cause).toContain("the checkpoint is one of another log");
    expect(cause).toContain('"rebuild" to fold this one');
    expect(position).toBe(5);
    expect(logger.of("warn", /^table stopped: the checkpoint is one of another log/)).toHaveLength(1);

    // Neither new events nor `resume` make it fold events of another log.
    await append(broker, 7);
    await turns(broker);
    await broker.call("table.resume");
    await inState(broker, "stopped");
    expect(await numbersOf(broker)).toEqual([1, 2, 3, 4, 5]);
    expect(await statusOf(broker)).toMatchObject({ state: "stopped", position: 5 });
  });

  it("rejects a reader that waits for its write to the new log, at any position", async () => {
    const folder = await folderWithFive();
    await deleteLog(folder);
    const broker = await startBroker([thing(folder)]);
    await append(broker, 7);
    for (const position of [1, 5, 7]) {
      const read = broker.call("table.find", {}, { meta: { readAfter: { events: position } } });
      expect(await refusal(() => read)).toMatchObject({ type: "NOT_CAUGHT_UP" });
    }
    await inState(broker, "stopped");
    const read = broker.call("table.find", {}, { meta: { readAfter: { events: 3 } } });
    expect(await refusal(() => read)).toMatchObject({ type: "NOT_CAUGHT_UP" });
    expect(await numbersOf(broker)).toEqual([1, 2, 3, 4, 5]);
    await broker.call("table.rebuild");
    expect(await broker.call("table.find", {}, { meta: { readAfter: { events: 7 } } })).toHaveLength(7);
  });

  it("is stopped again after a restart", async () => {
    const folder = await folderWithFive();
    await deleteLog(folder);
    const one = await startBroker([thing(folder)]);
    await append(one, 7);
    await inState(one, "stopped");
    const two = await restarted(one, thing(folder));
    await inState(two, "stopped");
    expect(await numbersOf(two)).toEqual([1, 2, 3, 4, 5]);
  });

  it("is folded from the new log when its files are deleted too, as the cause says", async () => {
    const folder = await folderWithFive();
    await deleteLog(folder);
    const one = await startBroker([thing(folder)]);
    await append(one, 2);
    await inState(one, "stopped");
    await one.stop();
    rmSync(`${folder}/table`, { recursive: true });
    const two = await startBroker([thing(folder)]);
    await caughtUp(two, "table");
    expect(await numbersOf(two)).toEqual([1, 2]);
    expect(await inState(two, "live")).toMatchObject({ cause: null });
  });

  it("is folded again when only its generation's file was deleted", async () => {
    const folder = await folderWithFive();
    rmSync(`${folder}/table/1.db`);
    const broker = await startBroker([thing(folder)]);
    await caughtUp(broker, "table");
    expect(await numbersOf(broker)).toEqual([1, 2, 3, 4, 5]);
  });

  it("is not suspected when the types that it was folded from are no longer mapped", async () => {
    const folder = await folderWithFive();
    const broker = await startBroker([thing(folder, { pattern: "other.**" as "**", onChange: "warn" })]);
    await append(broker, 1);
    await append(broker, 1, "other.happened");
    await caughtUp(broker, "table");
    expect(await numbersOf(broker)).toEqual([1, 2, 3, 4, 5, 7]);
    expect(await inState(broker, "live")).toMatchObject({ position: 7, cause: null });
  });

  it("is stopped with a cause when the log was truncated", async () => {
    const folder = await folderWithFive();
    truncateLog(folder, 3);
    const logger = new LogLines();
    const broker = await startBroker([thing(folder)], { logger });
    const { cause, position } = await inState(broker, "stopped");
    expect(cause).toContain("the log ends at position 3, before the checkpoint 5");
    expect(position).toBe(5);
    expect(logger.of("warn", /^table stopped: the log ends at position 3/)).toHaveLength(1);
    await append(broker, 7);
    await turns(broker);
    expect(await numbersOf(broker)).toEqual([1, 2, 3, 4, 5]);
    expect(await statusOf(broker)).toMatchObject({ state: "stopped", position: 5 });
  });

  it("is stopped also when the truncated log has grown again in the meantime", async () => {
    const folder = await folderWithFive();
    truncateLog(folder, 3);
    const one = await startBroker([{ name: "writer", mixins: [newStore(folder).mixin()] }]);
    await append(one, 4);
    await one.stop();
    const two = await startBroker([thing(folder)]);
    // Positions 4 and 5 are now other events than the folded ones.
    await inState(two, "stopped");
    expect(await numbersOf(two)).toEqual([1, 2, 3, 4, 5]);
  });

  it("is not resumed into folding a truncated log that has grown again", async () => {
    const folder = await folderWithFive();
    truncateLog(folder, 3);
    const broker = await startBroker([thing(folder)]);
    await inState(broker, "stopped");
    await append(broker, 4);
    await broker.call("table.resume");
    await turns(broker);
    await inState(broker, "stopped");
    expect(await numbersOf(broker)).toEqual([1, 2, 3, 4, 5]);
  });
});

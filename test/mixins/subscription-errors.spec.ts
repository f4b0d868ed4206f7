import { EventStore, Subscription } from "moleculer-event-sourcing";
import { Errors } from "moleculer";
import { times } from "../../core/concurrency/times.ts";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { LogLines } from "./log-lines.ts";
import { turns, turnsOfTheLoop } from "./turns.ts";
import { appendTo, parkedPositions, statusOf, Watched, watchService, withStatus } from "./watch.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

type Given = Partial<Parameters<typeof watchService>[0]>;

const brokerWith = ({ folder = newFolder(), watched = new Watched(), ...others }: Given) =>
  startBroker([watchService({ folder, watched, ...others })]);

const count = (watched: Watched, position: number) => watched.seen.filter((seen) => seen === position).length;

describe("An event that a subscription cannot handle", () => {
  it("is tried again, then parked; its stream waits behind it, and all others go on", async () => {
    const watched = new Watched().poison(2);
    const broker = await brokerWith({ watched, onError: { retries: 2 } });
    const ids = await appendTo(broker, "a", "a", "b", "a", "b");
    await caughtUp(broker, "watch");
    expect(watched.seen).toEqual([1, 2, 2, 2, 3, 5]);
    expect(await eventsIn(broker.call("watch.parked"))).toEqual([
      {
        id: ids[1],
        type: "thing.happened",
        stream: "a",
        version: 2,
        position: 2,
        attempts: 3,
        error: { name: "Error", message: "poison 2" },
        parkedAt: expect.stringMatching(/Z$/) as string,
      },
    ]);
    expect(await statusOf(broker)).toMatchObject({ state: "live", position: 5, parked: 1, cause: null });
  });

  it("is parked where a call of its handler fails that the handler does not await", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    const watch = Subscription("watch", {
      eventStore: events,
      on: {
        "thing.happened": (_event, { call }) => {
          void call("mail.send", {});
        },
        "thing.ignored": (_event, { call }) => call("mail.send", {}).catch(() => {}),
      },
      onError: { retries: 0 },
    });
    const send = () => Promise.reject(new Error("no mail"));
    const broker = await startBroker([
      { name: "host", mixins: [watch.mixin()] },
      { name: "mail", actions: { send } },
    ]);
    for (const type of ["thing.ignored", "thing.happened"])
      await broker.call("events.append", { stream: type, events: [{ type, payload: {} }] });
    await caughtUp(broker, "watch");
    expect(await eventsIn(broker.call("watch.parked"))).toMatchObject([
      { type: "thing.happened", error: { message: "no mail" } },
    ]);
  });

  it("is not parked when a retry helps", async () => {
    const watched = new Watched();
    watched.at(1, () => {
      watched.mend(1);
      throw new Error("once");
    });
    const broker = await brokerWith({ watched });
    await appendTo(broker, "a");
    await caughtUp(broker, "watch");
    expect(watched.seen).toEqual([1, 1]);
    expect(await parkedPositions(broker)).toEqual([]);
  });

  it.each([
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
    ["a string", "bad", "bad"],
    ["an object", { code: 7 }, "{ code: 7 }"],
  ])("is parked when %s is thrown", async (_what, thrown, message) => {
    const watched = new Watched().at(1, () => Promise.reject(thrown));
    const broker = await brokerWith({ watched });
    await appendTo(broker, "a");
    await caughtUp(broker, "watch");
    expect(await eventsIn(broker.call("watch.parked"))).toMatchObject([{ position: 1, error: { message } }]);
  });

  it("stays parked over a restart; a retry handles it and its stream in order, with what came in between", async () => {
    const folder = newFolder();
    const watched = new Watched().poison(1);
    const one = await brokerWith({ folder, watched });
    await appendTo(one, "a", "b", "a");
    await caughtUp(one, "watch");
    await one.stop();
    const two = await brokerWith({ folder, watched });
    await appendTo(two, "a");
    await caughtUp(two, "watch");
    expect(await parkedPositions(two)).toEqual([1]);
    watched.mend(1);
    watched.seen.length = 0;
    expect(await refusal(() => two.call("watch.retry", { stream: "b" }))).toMatchObject({
      type: "UNKNOWN_PARKED_EVENT",
      data: { stream: "b" },
    });
    expect(await two.call("watch.retry", { stream: "a" })).toEqual({ folded: 3, parked: 0 });
    await appendTo(two, "a");
    await caughtUp(two, "watch");
    expect(watched.seen).toEqual([1, 3, 4, 5]);
    await two.stop();
    const three = await brokerWith({ folder, watched });
    await caughtUp(three, "watch");
    expect(await parkedPositions(three)).toEqual([]);
    expect(watched.seen).toEqual([1, 3, 4, 5]);
  });

  it("hands its place to the one that fails in a retry, over a restart too", async () => {
    const folder = newFolder();
    const watched = new Watched().poison(1).poison(3);
    const one = await brokerWith({ folder, watched });
    const ids = await appendTo(one, "a", "a", "a", "a");
    await caughtUp(one, "watch");
    watched.mend(1);
    expect(await one.call("watch.retry", { id: ids[0] })).toEqual({ folded: 2, parked: 1 });
    expect(await eventsIn(one.call("watch.parked"))).toMatchObject([
      { position: 3, attempts: 1, error: { message: "poison 3" } },
    ]);
    expect(await one.call("watch.retry")).toEqual({ folded: 0, parked: 1 });
    expect(await eventsIn(one.call("watch.parked"))).toMatchObject([{ position: 3, attempts: 2 }]);
    await one.stop();
    const two = await brokerWith({ folder, watched });
    await caughtUp(two, "watch");
    expect(await parkedPositions(two)).toEqual([3]);
    // The last retry request was applied before the restart.
    expect(count(watched, 3)).toBe(2);
  });

  it("is skipped for good, and those behind it are handled", async () => {
    const folder = newFolder();
    const watched = new Watched().poison(1);
    const one = await brokerWith({ folder, watched });
    const [id] = await appendTo(one, "a", "a");
    await caughtUp(one, "watch");
    expect(await one.call("watch.skip", { id, reason: "nobody needs it" })).toEqual({
      skipped: id,
      folded: 1,
      parked: 0,
    });
    await one.stop();
    watched.mend(1);
    const two = await brokerWith({ folder, watched });
    await appendTo(two, "a");
    await caughtUp(two, "watch");
    expect(watched.seen).toEqual([1, 1, 2, 3]);
  });

  it("is not found by another id, and neither retried nor skipped while the subscription is paused", async () => {
    const watched = new Watched().poison(1);
    const broker = await brokerWith({ watched });
    const [id] = await appendTo(broker, "a");
    await caughtUp(broker, "watch");
    for (const action of ["retry", "skip"])
      expect(await refusal(() => broker.call(`watch.${action}`, { id: "no-such-id" }))).toMatchObject({
        type: "UNKNOWN_PARKED_EVENT",
        code: 404,
      });
    await broker.call("watch.pause");
    for (const action of ["retry", "skip"])
      expect(await refusal(() => broker.call(`watch.${action}`, { id }))).toMatchObject({ type: "CONSUMER_PAUSED" });
    expect(count(watched, 1)).toBe(2);
  });

  it("stops the subscription when too many come in a row, and resume goes on", async () => {
    const watched = new Watched().poison(1).poison(2).poison(3);
    const broker = await brokerWith({ watched, onError: { maxParkedInARow: 2 } });
    await appendTo(broker, "a", "b", "c", "d");
    const { cause } = await withStatus(broker, { state: "stopped", position: 2, parked: 2 });
    expect(cause).toMatch(/^2 events in a row were parked; the last: poison 2/);
    await broker.call("watch.resume");
    expect(await caughtUp(broker, "watch")).toMatchObject({ position: 4 });
    expect(await parkedPositions(broker)).toEqual([1, 2, 3]);
    expect(watched.seen.at(-1)).toBe(4);
  });
});

describe("A retry that a stop interrupts", () => {
  it("does not hold up the stop, and goes on with the rest of the stream after the next start", async () => {
    const folder = newFolder();
    const watched = new Watched().poison(1);
    const stopping = Promise.withResolvers<void>();
    const bystander = { name: "bystander", stopped: async () => stopping.resolve() };
    const one = await startBroker([watchService({ folder, watched }), bystander]);
    await appendTo(one, "a", "a", "a");
    await caughtUp(one, "watch");
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    watched.mend(1);
    watched.seen.length = 0;
    watched.at(2, () => gate);
    const refused = refusal(() => one.call("watch.retry"));
    await eventually(() => expect(watched.seen).toEqual([1, 2]));
    const stopped = one.stop();
    // A broker stops its services at the same time.
    await stopping.promise;
    await turnsOfTheLoop();
    open();
    await stopped;
    expect(await refused).toMatchObject({ type: "STORE_UNAVAILABLE" });
    expect(watched.seen).toEqual([1, 2]);
    const two = await brokerWith({ folder, watched });
    await caughtUp(two, "watch");
    await eventually(() => expect(watched.seen).toEqual([1, 2, 3]));
    await eventually(async () => expect(await parkedPositions(two)).toEqual([]));
  });
});

describe("An outage of what a handler needs", () => {
  it.each([
    ["a retryable error", () => new Errors.MoleculerRetryableError("not now", 503, "BUSY", {}), "not now"],
    ["a time-out", () => new Errors.RequestTimeoutError({ action: "a.b", nodeID: "n" }), "a.b"],
  ])("as %s makes it wait with a cause, and parks nothing", async (_what, error, cause) => {
    const fault = () => Promise.reject(error());
    const watched = new Watched().at(2, fault).at(3, fault);
    const broker = await brokerWith({ watched });
    await caughtUp(broker, "watch");
    await appendTo(broker, "a", "b", "c");
    await eventually(() => expect(count(watched, 2)).toBeGreaterThan(3));
    const status = await statusOf(broker);
    expect(status).toMatchObject({ state: "waiting", position: 1, parked: 0 });
    expect(status.cause).toContain(cause);
    // Meanwhile the checkpoint before it is saved.
    expect(await broker.call("$events.state", { consumer: "subscription/watch" }, spoken)).toMatchObject({
      value: { position: 1 },
    });
    watched.mend(2, 3);
    await caughtUp(broker, "watch");
    expect(await parkedPositions(broker)).toEqual([]);
    expect([count(watched, 1), ...watched.seen.slice(-2)]).toEqual([1, 2, 3]);
  });

  it("as a missing action ends with the action's coming", async () => {
    const events = EventStore("events", { adapter: `sqlite:${newFolder()}/events.db` });
    const watch = Subscription("watch", { eventStore: events, on: { "thing.happened": "late.handle" } });
    const logger = new LogLines();
    const broker = await startBroker([{ name: "host", mixins: [events.mixin(), watch.mixin()] }], { logger });
    await caughtUp(broker, "watch");
    await appendTo(broker, "a");
    const { cause } = await withStatus(broker, { state: "waiting", parked: 0, position: 0 });
    expect(cause).toContain("late.handle");
    let handled = 0;
    broker.createService({ name: "late", actions: { handle: () => handled++ } });
    await withStatus(broker, { state: "live", position: 1, cause: null });
    expect(handled).toBe(1);
    expect(logger.of("warn", /^watch waits: /)).toHaveLength(1);
  });

  it("as a handler that never settles is given up, and does not hold up a stop", async () => {
    const watched = new Watched().at(1, () => new Promise(() => {}));
    const broker = await brokerWith({ watched, onError: { timeoutMs: 20 } });
    await appendTo(broker, "a");
    await eventually(() => expect(count(watched, 1)).toBeGreaterThan(2));
    expect(await parkedPositions(broker)).toEqual([]);
    const since = performance.now();
    await broker.stop();
    // The stop did not wait the five seconds that user code has.
    expect(performance.now() - since).toBeLessThan(4500);
  });
});

describe("A handler that takes longer than the lease lives", () => {
  const longerThanALease = () => times.lease.lastsMs + 1000;
  const block = (ms: number) => {
    for (const end = Date.now() + ms; Date.now() < end;);
  };

  it.each([
    ["waits", () => new Promise((done) => setTimeout(done, longerThanALease()))],
    ["computes", () => block(longerThanALease())],
  ])("and %s is called once", async (_how, slow) => {
    const watched = new Watched().at(1, slow);
    const broker = await brokerWith({ watched });
    await appendTo(broker, "a", "b");
    await withStatus(broker, { state: "live", position: 2 });
    expect(watched.seen).toEqual([1, 2]);
  });
});

describe("A pause of a subscription", () => {
  it("answers when nothing is in flight, lasts over a restart, and ends with resume", async () => {
    const folder = newFolder();
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const watched = new Watched().at(1, () => gate);
    const one = await brokerWith({ folder, watched });
    await appendTo(one, "a", "b");
    await eventually(() => expect(watched.seen).toEqual([1]));
    let isPaused = false;
    const paused = one.call("watch.pause").then(() => (isPaused = true));
    await turns(one);
    expect(isPaused).toBe(false);
    open();
    await paused;
    expect(await statusOf(one)).toMatchObject({ state: "paused", paused: true, position: 1, lag: 1 });
    await one.stop();
    const two = await brokerWith({ folder, watched });
    await withStatus(two, { state: "paused", position: 1 });
    await turns(two);
    expect(watched.seen).toEqual([1]);
    await two.call("watch.resume");
    await caughtUp(two, "watch");
    expect(watched.seen).toEqual([1, 2]);
  });
});

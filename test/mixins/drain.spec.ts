import { Aggregate, EventStore, type RecordedEvent } from "moleculer-event-sourcing";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { openFilesBelow } from "../adapters/open-files.ts";
import { caughtUp, cleanUp, eventually, newBroker, newFolder } from "../support/broker.ts";
import { openParams } from "../support/open-params.ts";
import { LogLines } from "./log-lines.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const tables = ["byAction", "byFunction", "idle"];

/** Transforms and a listener wait at this gate until the test opens it. */
class Gate {
  isOpen = false;
  readonly waiting = new Set<string>();
  readonly #opened = Promise.withResolvers<void>();

  async pass(who: string): Promise<void> {
    if (this.isOpen) return;
    this.waiting.add(who);
    await this.#opened.promise;
  }

  open(): void {
    this.isOpen = true;
    this.#opened.resolve();
  }
}

interface World {
  broker: ServiceBroker;
  thing: ServiceSchema;
  folder: string;
  logger: LogLines;
}

/** Less than the shortest time-out of a stop: a stop that takes longer has timed out. */
const atOnceMs = 4500;

/** A store, a table folded by an action, one by a function, a paused one, and a listener, all waiting at the gate. */
async function worldAt(gate: Gate, pumpTimeoutMs = 60_000): Promise<World> {
  const folder = newFolder();
  const logger = new LogLines();
  const store = EventStore("events", {
    adapter: `sqlite:${folder}/events.db`,
    pump: { timeoutMs: pumpTimeoutMs },
  });
  const common = { eventStore: store, fields: { n: "integer" }, readAfterTimeoutMs: 60_000 } as const;
  const byAction = Aggregate("byAction", common).on("thing.*").create("thing.transform");
  const byFunction = Aggregate("byFunction", common)
    .on("thing.*")
    .create(async ({ id, position }) => (await gate.pass("byFunction"), { id, n: position }));
  const idle = Aggregate("idle", common).on("thing.*").create("thing.transform");
  const thing: ServiceSchema = {
    name: "thing",
    mixins: [store.mixin(), byAction.mixin(), byFunction.mixin(), idle.mixin()],
    actions: {
      happen: store.mapAction("thing.happened", { params: openParams }),
      async transform(ctx: Context<RecordedEvent>) {
        await gate.pass("byAction");
        return { id: ctx.params.id, n: ctx.params.position };
      },
    },
  };
  const listener: ServiceSchema = { name: "listener", events: { "thing.happened": () => gate.pass("listener") } };
  const broker = newBroker({ logger, registry: { stopDelay: 0 } });
  broker.createService(thing);
  broker.createService(listener);
  await broker.start();
  await broker.call("idle.pause");
  return { broker, thing, folder, logger };
}

const append = (broker: ServiceBroker, n: number) =>
  broker.call("events.append", { stream: `thing-${n % 8}`, events: [{ type: "thing.happened", payload: { n } }] });

interface InFlight {
  appends: Promise<unknown>[];
  others: Promise<unknown>[];
}

/** Starts all work that can be in flight; the transforms and the listener wait at the gate already. */
async function setInFlight(broker: ServiceBroker, gate: Gate): Promise<InFlight> {
  for (let n = 0; n < 3; n++) await append(broker, n);
  await eventually(() => expect([...gate.waiting].toSorted()).toEqual(["byAction", "byFunction", "listener"]));
  const others = [
    ...["byAction", "byFunction"].map((table) =>
      broker.call(`${table}.find`, {}, { meta: { readAfter: { events: 3 } } }),
    ),
    broker.call("byAction.pause"),
    broker.call("byFunction.retry"),
    broker.call("events.pausePump"),
  ];
  await eventually(async () => expect(await broker.call("events.status")).toMatchObject({ paused: true }));
  const appends = Array.from({ length: 64 }, (_, n) => append(broker, n));
  for (const promise of [...appends, ...others]) promise.catch(() => {});
  return { appends, others };
}

/**
 * Expects every call to settle: by its result, by a retryable error, or by the error that the table is paused. Returns
 * the number of results.
 */
async function answered(calls: readonly Promise<unknown>[]): Promise<number> {
  const settled = await Promise.allSettled(calls);
  const errors = settled.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []));
  const isFine = (error: Error & { retryable?: boolean }) =>
    error.retryable === true || error.message.includes("is paused");
  expect(errors.filter((error) => !isFine(error))).toEqual([]);
  return settled.length - errors.length;
}

const complaints = (logger: LogLines) =>
  logger.lines.filter(({ level }) => ["warn", "error", "fatal"].includes(level)).map(({ text }) => text);

/** Expects every acknowledged event to be there, and every consumer to continue where it was. */
async function expectToGoOn(broker: ServiceBroker, events: number): Promise<void> {
  await broker.call("events.resumePump");
  for (const table of tables) await broker.call(`${table}.resume`);
  await append(broker, 0);
  expect(await broker.call("events.count")).toBe(events + 1);
  for (const table of tables) {
    await caughtUp(broker, table);
    expect(await broker.call(`${table}.count`)).toBe(events + 1);
    expect(await eventsIn(broker.call(`${table}.parked`))).toEqual([]);
  }
  await eventually(async () => expect(await broker.call("events.status")).toMatchObject({ pump: { lag: 0 } }));
}

const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;

describe("Stopping a broker in the middle of everything", () => {
  it("cuts nothing, answers everybody, complains about nothing, and can be followed by a start", async () => {
    const gate = new Gate();
    const before = timers();
    const { broker, folder, logger } = await worldAt(gate);
    const { appends, others } = await setInFlight(broker, gate);
    const stopped = broker.stop();
    await eventually(() => expect(broker.stopping).toBe(true));
    gate.open();
    const since = performance.now();
    await stopped;
    expect(performance.now() - since).toBeLessThan(atOnceMs);
    const stored = await answered(appends);
    await answered(others);
    expect(complaints(logger)).toEqual([]);
    expect(openFilesBelow(folder)).toEqual([]);
    expect(timers()).toBeLessThanOrEqual(before);
    await broker.start();
    await expectToGoOn(broker, 3 + stored);
    expect(complaints(logger)).toEqual([]);
  });

  it("rejects calls during and after its stop with a retryable error", async () => {
    const gate = new Gate();
    const { broker, logger } = await worldAt(gate);
    await setInFlight(broker, gate);
    const stopped = broker.stop();
    await eventually(() => expect(broker.stopping).toBe(true));
    const come = () => [
      append(broker, 1),
      broker.call("events.count"),
      broker.call("events.pausePump"),
      broker.call("byAction.pause"),
      broker.call("byAction.retry"),
      broker.call("byAction.find"),
      broker.call("byAction.find", {}, { meta: { readAfter: { events: 3 } } }),
      broker.call("byFunction.count", {}, { meta: { readAfter: { events: 3 } } }),
      broker.call("idle.find", {}, { meta: { readAfter: { events: 0 } } }),
    ];
    const during = answered(come());
    gate.open();
    await stopped;
    const since = performance.now();
    await during;
    await answered(come());
    expect(performance.now() - since).toBeLessThan(atOnceMs);
    expect(complaints(logger)).toEqual([]);
  });

  it("ends also when transforms and a listener never do, and names the one it gave up", async () => {
    const gate = new Gate();
    const { broker, folder, logger } = await worldAt(gate, 3000);
    const { appends, others } = await setInFlight(broker, gate);
    const since = performance.now();
    await broker.stop();
    // User code has five seconds; a running transform would have half a minute.
    expect(performance.now() - since).toBeLessThan(25_000);
    const stored = await answered(appends);
    await answered(others);
    expect(complaints(logger)).toEqual([
      expect.stringMatching(/A handler of thing\.happened takes longer than 3000 ms/) as string,
    ]);
    expect(openFilesBelow(folder)).toEqual([]);
    gate.open();
    await broker.start();
    await expectToGoOn(broker, 3 + stored);
  });
});

describe("Stopping a broker while parked events are retried", () => {
  it("waits for the running one, and rejects the caller with a retryable error", async () => {
    const [transforms, listeners] = [new Gate(), new Gate()];
    let isMended = false;
    const retried: number[] = [];
    const events = EventStore("events", { adapter: `sqlite:${newFolder()}/events.db` });
    const table = Aggregate("table", { eventStore: events, fields: { n: "integer" }, onError: { retries: 0 } })
      .on("thing.*")
      .create(async ({ id, position }) => {
        if (!isMended) throw new Error("poison");
        retried.push(position);
        await transforms.pass("table");
        return { id, n: position };
      });
    const broker = newBroker({ registry: { stopDelay: 0 } });
    broker.createService({ name: "thing", mixins: [events.mixin(), table.mixin()] });
    // Delays the pump, which keeps the log open while the table stops.
    broker.createService({ name: "listener", events: { "thing.*": () => listeners.pass("listener") } });
    await broker.start();
    for (let n = 0; n < 3; n++) await append(broker, n);
    await eventually(async () => expect(await broker.call("table.status")).toMatchObject({ parked: 3 }));
    isMended = true;
    const retry = Promise.allSettled([broker.call("table.retry")]);
    await eventually(() => expect(retried).toHaveLength(1));
    const stopped = broker.stop();
    await eventually(() => expect(broker.stopping).toBe(true));
    transforms.open();
    expect(await retry).toMatchObject([{ status: "rejected", reason: { type: "STORE_UNAVAILABLE", retryable: true } }]);
    expect(retried).toHaveLength(1);
    listeners.open();
    await stopped;
    await broker.start();
    expect(await eventsIn(broker.call("table.parked"))).toHaveLength(2);
  });
});

const ownServices = (broker: ServiceBroker) =>
  broker.services.map(({ name }) => name).filter((name) => !name.startsWith("$"));

describe("Destroying a service of a running broker in the middle of everything", () => {
  it.each(["thing", "byAction", "byFunction", "idle"])("cuts nothing and answers everybody: %s", async (name) => {
    const gate = new Gate();
    const { broker, thing, folder, logger } = await worldAt(gate);
    const { appends, others } = await setInFlight(broker, gate);
    const destroyed = broker.destroyService(name);
    gate.open();
    await destroyed;
    if (name !== "thing") await broker.destroyService("thing");
    const stored = await answered(appends);
    await answered(others);
    expect(complaints(logger)).toEqual([]);
    expect(openFilesBelow(folder)).toEqual([]);
    expect(ownServices(broker)).toEqual(["listener"]);
    broker.createService(thing);
    await broker.waitForServices(["thing", "events", ...tables], 60_000, 5);
    await expectToGoOn(broker, 3 + stored);
  });

  it("answers everybody also when it is the store, for which the tables then wait", async () => {
    const gate = new Gate();
    const { broker, thing, logger } = await worldAt(gate);
    const { appends, others } = await setInFlight(broker, gate);
    gate.open();
    await broker.destroyService("events");
    const stored = await answered(appends);
    await answered(others);
    await eventually(async () =>
      expect(await broker.call("byFunction.status")).toMatchObject({ state: "waiting", head: null }),
    );
    expect(await broker.call("byFunction.find")).toEqual(expect.any(Array));
    for (const complaint of complaints(logger)) expect(complaint).toMatch(/^\w+ waits: /);
    await broker.destroyService("thing");
    expect(ownServices(broker)).toEqual(["listener"]);
    broker.createService(thing);
    await broker.waitForServices(["thing", "events", ...tables], 60_000, 5);
    await expectToGoOn(broker, 3 + stored);
  });
});

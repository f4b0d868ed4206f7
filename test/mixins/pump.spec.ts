import { cpSync } from "node:fs";
import { Aggregate, EventStore, type EventStoreOptions, type RecordedEvent } from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import type { BrokerOptions, Context, ServiceBroker, ServiceSchema } from "moleculer";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { EventLog } from "../../core/log/event-log.ts";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { LogLines } from "./log-lines.ts";
import { turns, turnsOfTheLoop } from "./turns.ts";

afterEach(cleanUp);

type Listener = (ctx: Context<RecordedEvent>) => void | Promise<void>;

interface Options {
  folder?: string;
  store?: EventStoreOptions;
  broker?: BrokerOptions;
}

/** A broker with one store, and a separate service for each listener of `thing.**`. */
async function brokerHearing(listeners: Listener[], options: Options = {}): Promise<ServiceBroker> {
  const { folder = newFolder(), store = {}, broker = {} } = options;
  const events = EventStore("events", { adapter: `sqlite:${folder}/events.db`, ...store });
  const count = Aggregate("count", { eventStore: events, fields: { n: "integer" } })
    .on("thing.**")
    .create(({ id, position }) => ({ id, n: position }));
  const host: ServiceSchema = { name: "host", mixins: [events.mixin(), count.mixin()] };
  const hearing = listeners.map((listener, n): ServiceSchema => ({
    name: `listener-${n}`,
    events: { "thing.**": listener },
  }));
  return startBroker([host, ...hearing], broker);
}

const append = (broker: ServiceBroker, n = 1, stream = "thing-1") =>
  broker.call("events.append", {
    stream,
    events: Array.from({ length: n }, (_, index) => ({ type: "thing.happened", payload: { index, list: [{ a: 1 }] } })),
  });

const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** A listener that records the positions it receives. */
function scribe(): { heard: number[]; listener: Listener } {
  const heard: number[] = [];
  return { heard, listener: (ctx) => void heard.push(ctx.params.position) };
}

/** The files that a kill leaves behind while a listener handles the first of n events. */
async function folderWithBacklog(n: number): Promise<string> {
  const folder = newFolder();
  const { heard, listener } = scribe();
  const held = Promise.withResolvers<void>();
  const broker = await brokerHearing([async (ctx) => (await listener(ctx), held.promise)], { folder });
  await append(broker, n);
  await eventually(() => expect(heard).toEqual([1]));
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true });
  held.resolve();
  return copy;
}

interface Status {
  head: number;
  paused: boolean;
  pump: { position: number; lag: number };
}
const statusOf = (broker: ServiceBroker): Promise<Status> => broker.call("events.status");

describe("The pump", () => {
  it("hands every event to every listener, in order, one after the other", async () => {
    const { heard, listener } = scribe();
    const slow: number[] = [];
    let running = 0;
    const broker = await brokerHearing([
      listener,
      async (ctx) => {
        expect(++running).toBe(1);
        // Handlers of different duration would overtake each other if the pump did not wait for them.
        for (let turn = ctx.params.position % 3; turn > 0; turn--) await new Promise((next) => setImmediate(next));
        slow.push(ctx.params.position);
        running--;
      },
    ]);
    await Promise.all(upTo(32).map((caller) => append(broker, 10, `thing-${caller}`)));
    await eventually(() => expect(slow).toHaveLength(320));
    expect(slow).toEqual(upTo(320));
    expect(heard).toEqual(upTo(320));
  });

  it("hands over the recorded event, with the ids of the chain in meta", async () => {
    const contexts: Context<RecordedEvent>[] = [];
    const broker = await brokerHearing([(ctx) => void contexts.push(ctx)]);
    await broker.call(
      "events.append",
      { stream: "thing-1", events: [{ type: "thing.happened", payload: { name: "x" }, meta: { user: "ann" } }] },
      { requestID: "request-7" },
    );
    await eventually(() => expect(contexts).toHaveLength(1));
    const [stored]: RecordedEvent[] = await broker.call("events.find");
    const { params, meta, eventName, requestID } = contexts[0]!;
    expect(params).toEqual(stored);
    expect(eventName).toBe("thing.happened");
    expect(requestID).toBe("request-7");
    expect(meta).toEqual({ correlationId: "request-7", causationId: stored!.id });
  });

  // Without notifications, a hundred and fifty polls of a second each would exceed the test's time.
  it("wakes with each append", async () => {
    const { heard, listener } = scribe();
    const broker = await brokerHearing([listener]);
    for (const position of upTo(150)) {
      await append(broker);
      await eventually(() => expect(heard).toContain(position));
    }
    expect(heard).toEqual(upTo(150));
  }, 120_000);

  it("goes on where it was when a broker starts again, and loses nothing", async () => {
    const folder = newFolder();
    const first = scribe();
    const held = Promise.withResolvers<void>();
    const one = await brokerHearing(
      [
        async (ctx) => {
          await first.listener(ctx);
          if (ctx.params.position === 3) await held.promise;
        },
      ],
      { folder },
    );
    await append(one, 10);
    await eventually(() => expect(first.heard).toContain(3));
    const stopped = one.stop();
    await eventually(() => expect(one.stopping).toBe(true));
    await turnsOfTheLoop();
    held.resolve();
    await stopped;
    expect(first.heard).toEqual([1, 2, 3]);

    const second = scribe();
    const two = await brokerHearing([second.listener], { folder });
    await append(two);
    await eventually(() => expect(second.heard.at(-1)).toBe(11));
    // At least once: nothing is missing, and repeated events are in order.
    expect(second.heard[0]).toBeLessThanOrEqual(4);
    expect(second.heard).toEqual(upTo(11, second.heard[0]));
  });

  it("hands nothing over before every service of the broker has started", async () => {
    const folder = await folderWithBacklog(3);
    const { heard, listener } = scribe();
    const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
    const two = await startBroker([
      { name: "host", mixins: [events.mixin()] },
      {
        name: "listener",
        events: { "thing.**": listener },
        // Listeners may connect to other systems before they are ready.
        async started() {
          await eventually(async () => expect(await this.broker.call("events.count")).toBe(3));
          await turnsOfTheLoop();
        },
      },
    ]);
    await append(two);
    await eventually(() => expect(heard.at(-1)).toBe(4));
    expect(heard).toEqual(upTo(4));
  });

  it("hands an event over again when its listener was cut off in the middle", async () => {
    const folder = await folderWithBacklog(2);
    const { heard, listener } = scribe();
    await brokerHearing([listener], { folder });
    await eventually(() => expect(heard).toEqual([1, 2]));
  });

  it("passes events without a listener", async () => {
    const broker = await brokerHearing([]);
    await append(broker, 5);
    await eventually(async () => expect((await statusOf(broker)).pump).toMatchObject({ position: 5, lag: 0 }));
  });
});

describe("Pausing the pump", () => {
  it("holds the listeners while tables go on, until it is resumed", async () => {
    const { heard, listener } = scribe();
    const broker = await brokerHearing([listener]);
    await append(broker, 2);
    await eventually(() => expect(heard).toEqual([1, 2]));
    await broker.call("events.pausePump");
    await append(broker, 3);
    await caughtUp(broker, "count");
    await turns(broker);
    expect(await broker.call("count.count")).toBe(5);
    expect(heard).toEqual([1, 2]);
    expect(await statusOf(broker)).toMatchObject({ head: 5, paused: true, pump: { position: 2, lag: 3 } });
    await broker.call("events.resumePump");
    await eventually(() => expect(heard).toEqual([1, 2, 3, 4, 5]));
    expect(await statusOf(broker)).toMatchObject({ paused: false });
  });

  it("stays over a restart", async () => {
    const folder = newFolder();
    const one = await brokerHearing([], { folder });
    await one.call("events.pausePump");
    await append(one, 2);
    await one.stop();

    const { heard, listener } = scribe();
    const two = await brokerHearing([listener], { folder });
    await append(two, 1);
    await caughtUp(two, "count");
    await turns(two);
    expect(heard).toEqual([]);
    expect(await statusOf(two)).toMatchObject({ head: 3, paused: true, pump: { position: 0, lag: 3 } });
    await two.call("events.resumePump");
    await eventually(() => expect(heard).toEqual([1, 2, 3]));
  });

  it("answers only when no local handler is running", async () => {
    const held = Promise.withResolvers<void>();
    const said: string[] = [];
    const broker = await brokerHearing([
      async (ctx) => {
        said.push(`handler ${ctx.params.position} begins`);
        await held.promise;
        said.push(`handler ${ctx.params.position} ends`);
      },
    ]);
    await append(broker, 2);
    await eventually(() => expect(said).toEqual(["handler 1 begins"]));
    const paused = broker.call("events.pausePump").then(() => said.push("paused"));
    await eventually(async () => expect((await statusOf(broker)).paused).toBe(true));
    await turns(broker);
    expect(said).toEqual(["handler 1 begins"]);
    held.resolve();
    await paused;
    await turns(broker);
    expect(said).toEqual(["handler 1 begins", "handler 1 ends", "paused"]);
  });

  it("answers every caller, also while it is paused already", async () => {
    const broker = await brokerHearing([]);
    await Promise.all([broker.call("events.pausePump"), broker.call("events.pausePump")]);
    await broker.call("events.pausePump");
    expect(await statusOf(broker)).toMatchObject({ paused: true });
  });

  it("answers although a handler hangs, once the handler is given up", async () => {
    const { heard, listener } = scribe();
    const broker = await brokerHearing([async (ctx) => (await listener(ctx), new Promise(() => {}))], {
      store: { pump: { timeoutMs: 2000 } },
    });
    await append(broker, 2);
    await eventually(() => expect(heard).toEqual([1]));
    await broker.call("events.pausePump");
    expect(heard).toEqual([1]);
    expect(await statusOf(broker)).toMatchObject({ pump: { position: 1 } });
  });
});

describe("A listener", () => {
  it("that hangs is given up after pump.timeoutMs, with a message to the operator", async () => {
    const { heard, listener } = scribe();
    const logger = new LogLines();
    const broker = await brokerHearing(
      [listener, (ctx) => (ctx.params.position === 1 ? new Promise(() => {}) : undefined)],
      { store: { pump: { timeoutMs: 50 } }, broker: { logger } },
    );
    await append(broker, 3);
    await eventually(() => expect(heard).toEqual([1, 2, 3]));
    expect(logger.of("warn", /thing\.happened takes longer than 50 ms; the pump goes on without it/)).toHaveLength(1);
  });

  it.each<[string, Listener]>([
    [
      "at once",
      () => {
        throw new Error("at once");
      },
    ],
    [
      "later",
      async () => {
        await new Promise((turn) => setImmediate(turn));
        throw new Error("later");
      },
    ],
    [
      "something that is no error",
      () => {
        // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- JavaScript allows it, so it happens
        throw undefined;
      },
    ],
  ])("that throws %s stops nothing", async (_when, throwing) => {
    const [before, after] = [scribe(), scribe()];
    const broker = await brokerHearing([before.listener, throwing, after.listener]);
    await append(broker, 3);
    await eventually(() => expect(after.heard).toEqual([1, 2, 3]));
    await eventually(() => expect(before.heard).toEqual([1, 2, 3]));
    await eventually(async () => expect((await statusOf(broker)).pump).toMatchObject({ position: 3, lag: 0 }));
  });

  it("cannot change what others see", async () => {
    const seen: unknown[] = [];
    const attempts: boolean[] = [];
    const broker = await brokerHearing([
      ({ params }) => {
        const { payload, meta } = params;
        attempts.push(
          Reflect.set(params, "type", "forged"),
          Reflect.set(payload, "index", "forged"),
          Reflect.set((payload["list"] as object[])[0]!, "a", "forged"),
          Reflect.set(payload, "more", "forged"),
          Reflect.deleteProperty(payload, "list"),
          Reflect.set(meta, "correlationId", "forged"),
        );
      },
      ({ params }) => void seen.push(structuredClone(params)),
    ]);
    await append(broker);
    await eventually(() => expect(seen).toHaveLength(1));
    expect(attempts).toEqual([false, false, false, false, false, false]);
    expect(seen).toEqual(await broker.call("events.find"));
    await caughtUp(broker, "count");
    expect(JSON.stringify(seen)).not.toContain("forged");
  });
});

describe("The pump's checkpoint", () => {
  it("is saved on where an earlier save took place and its answer was lost", async () => {
    const place = memory();
    const saves: (number | "lost" | null)[] = [];
    const eventLog = (name: string): EventLog => {
      const log = place.eventLog!(name);
      const putState = log.control.put.bind(log);
      log.control.put = async (key, ...rest) => {
        const revision = await putState(key, ...rest);
        if (key !== "pump") return revision;
        saves.push(saves.length === 0 ? "lost" : revision);
        if (saves.length === 1) throw new StoreUnavailableError("events", "the connection is lost");
        return revision;
      };
      return log;
    };
    const { heard, listener } = scribe();
    const broker = await brokerHearing([listener], { store: { adapter: { ...place, eventLog } } });
    await append(broker);
    await eventually(() => expect(saves).toEqual(["lost", null]));
    await append(broker);
    await eventually(() => expect(saves).toEqual(["lost", null, 2]));
    expect(heard).toEqual([1, 2]);
    expect(await broker.call("events.status")).toMatchObject({ cause: null });
  });
});

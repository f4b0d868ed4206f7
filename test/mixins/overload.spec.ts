import type { ServiceBroker } from "moleculer";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import {
  Decider,
  EventStore,
  Subscription,
  type Adapter,
  type StoredAnswer,
  type EventStoreOptions,
} from "moleculer-event-sourcing";
import type { EventLog } from "../../core/log/event-log.ts";
import { cleanUp, eventually, refusal, startBroker } from "../support/broker.ts";
import { happen, Notes, processService, taken, withStatus } from "./processes.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

/** A log in memory whose commits wait for a gate. */
function gatedLog(): { adapter: Adapter; close: () => void; open: () => void; commits: string[][] } {
  const place = memory();
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  const commits: string[][] = [];
  const eventLog = (name: string) => {
    const log = place.eventLog!(name);
    const append: EventLog["append"] = async (requests) => {
      commits.push(requests.map(({ stream }) => stream));
      await gate.promise;
      return log.append(requests);
    };
    return new Proxy(log, {
      get(target, name) {
        if (name === "append") return append;
        const found: unknown = Reflect.get(target, name, target);
        return typeof found === "function" ? (found.bind(target) as unknown) : found;
      },
    });
  };
  return {
    adapter: { ...place, eventLog },
    commits,
    close: () => (gate = Promise.withResolvers()),
    open: () => gate.resolve(),
  };
}

function startStore(adapter: Adapter | string, options: Partial<EventStoreOptions> = {}): Promise<ServiceBroker> {
  const events = EventStore("events", { adapter, ...options });
  return startBroker([{ name: "host", mixins: [events.mixin()] }]);
}

const append = (broker: ServiceBroker, stream: string, text = ""): Promise<StoredAnswer> =>
  broker.call("events.append", { stream, events: [{ type: "thing.noted", payload: { text } }] });

const record = (broker: ServiceBroker, stream: string): Promise<StoredAnswer> =>
  broker.call("$events.record", { stream, type: "$noted", payload: {} }, spoken);

describe("A store with as many appends as may wait", () => {
  it("refuses a further one as an outage, and stores nothing of it", async () => {
    const log = gatedLog();
    const broker = await startStore(log.adapter, { maxPending: { appends: 3 } });
    log.close();
    const accepted = ["a", "b", "c"].map((stream) => append(broker, stream));
    const error = await refusal(() => append(broker, "d"));
    expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", code: 503, retryable: true });
    expect(error.message).toContain("overloaded: found 3 appends waiting, expected at most 3");
    log.open();
    await Promise.all(accepted);
    expect(await broker.call("events.count")).toBe(3);
    expect((await append(broker, "d")).position).toBe(4);
  });

  it("refuses by the bytes of their JSON, and accepts one that is larger than that by itself", async () => {
    const log = gatedLog();
    const broker = await startStore(log.adapter, { maxPending: { bytes: 1000 } });
    await append(broker, "large", "x".repeat(5000));
    log.close();
    const accepted = append(broker, "a", "x".repeat(500));
    expect((await refusal(() => append(broker, "b", "ä".repeat(250)))).message).toContain("expected at most 1000;");
    log.open();
    await accepted;
    expect(await broker.call("events.count")).toBe(2);
  });

  it("has room again for callers that append as soon as they are answered", async () => {
    const broker = await startStore("memory:", { maxPending: { appends: 20 } });
    const caller = async (number: number) => {
      for (let round = 0; round < 20; round++) await append(broker, `s-${number}`);
    };
    await Promise.all(Array.from({ length: 20 }, (_, number) => caller(number)));
    expect(await broker.call("events.count")).toBe(400);
  });

  it("stores the framework's own events before those that wait", async () => {
    const log = gatedLog();
    const broker = await startStore(log.adapter, { maxPending: { appends: 5 } });
    log.close();
    const first = append(broker, "first");
    await eventually(() => expect(log.commits).toEqual([["first"]]));
    const waiting = ["a", "b", "c", "d"].map((stream) => append(broker, stream));
    const own = record(broker, "$own");
    log.open();
    await Promise.all([first, own, ...waiting]);
    expect(log.commits).toEqual([["first"], ["$own", "a", "b", "c", "d"]]);
  });

  it("is defined with whole numbers", async () => {
    expect(() => EventStore("events", { maxPending: { appends: 0 } })).toThrow(
      "events.maxPending.appends: found 0, expected a whole number from 1",
    );
    const misspelt = { events: 3 } as EventStoreOptions["maxPending"] & object;
    expect(() => EventStore("events", { maxPending: misspelt })).toThrow("events.maxPending.events");
  });
});

describe("A decider with as many commands as may wait", () => {
  function counter(adapter: Adapter | string) {
    const events = EventStore("events", { adapter });
    const decider = Decider("counter", {
      eventStore: events,
      initialState: () => 0,
      commands: { add: { params: { text: "string|optional" }, decide: () => ({ type: "added", payload: {} }) } },
      evolve: { added: (count) => count + 1 },
    });
    return { name: "counter", mixins: [events.mixin(), decider.mixin()] };
  }

  it("answers each: its event is stored, or it is refused as an outage", async () => {
    const broker = await startBroker([counter("memory:")]);
    const answers = await Promise.allSettled(
      Array.from({ length: 30_000 }, (_, number) => broker.call("counter.add", { id: String(number % 3) })),
    );
    const stored = answers.filter(({ status }) => status === "fulfilled").length;
    const refused = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason as unknown] : []));
    expect(await broker.call("events.count")).toBe(stored);
    expect(stored).toBe(10_000);
    for (const error of refused) expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", code: 503, retryable: true });
  });

  it("refuses by the size of their params", async () => {
    const log = gatedLog();
    const broker = await startBroker([counter(log.adapter)]);
    log.close();
    const text = "x".repeat(1024 * 1024);
    const answers = Promise.allSettled(Array.from({ length: 70 }, () => broker.call("counter.add", { id: "1", text })));
    log.open();
    const refused = (await answers).filter(({ status }) => status === "rejected");
    expect(refused.length).toBe(7);
  });

  it("decides again what was decided on an append that was refused", async () => {
    const log = gatedLog();
    const events = EventStore("events", { adapter: log.adapter, maxPending: { appends: 2 } });
    const decider = Decider("counter", {
      eventStore: events,
      initialState: () => 0,
      commands: { add: { decide: (count) => ({ type: "added", payload: { count } }) } },
      evolve: { added: (count) => count + 1 },
    });
    const broker = await startBroker([{ name: "counter", mixins: [events.mixin(), decider.mixin()] }]);
    const answers = await Promise.allSettled(Array.from({ length: 50 }, () => broker.call("counter.add", { id: "1" })));
    const stored: { payload: { count: number } }[] = await eventsIn(broker.call("events.read", { limit: 100 }));
    expect(stored.map(({ payload }) => payload.count)).toEqual(stored.map((_, index) => index));
    expect(stored.length).toBe(answers.filter(({ status }) => status === "fulfilled").length);
    expect(await broker.call("counter.add", { id: "1" })).toMatchObject({ version: stored.length + 1 });
  });
});

describe("An overloaded store", () => {
  it("makes a process manager wait, which parks nothing", async () => {
    const log = gatedLog();
    const notes = new Notes();
    const manager = processService(
      { adapter: log.adapter },
      { on: { "thing.happened": (event, { call }) => call("notes.note", { what: event.payload["what"] }) } },
    );
    const events = EventStore("events", { adapter: log.adapter, maxPending: { appends: 1 } });
    const broker = await startBroker([{ name: "keeper", mixins: [events.mixin()] }, notes.service(), manager]);
    await broker.call("manager.pause");
    await happen(broker, "1", "thing.happened", { what: "one" });
    log.close();
    const other = append(broker, "other");
    await broker.call("manager.resume");
    await withStatus(broker, { state: "waiting", parked: 0 });
    log.open();
    await other;
    await eventually(async () => expect(await taken(broker)).toEqual(["one"]));
    await withStatus(broker, { state: "live", parked: 0 });
  });

  it("makes a subscription wait, which parks nothing", async () => {
    const log = gatedLog();
    const events = EventStore("events", { adapter: log.adapter, maxPending: { appends: 1 } });
    const subscription = Subscription("copies", {
      eventStore: events,
      on: { "thing.noted": (_, { call }) => call("host.copy", {}) },
    });
    const broker = await startBroker([
      {
        name: "host",
        mixins: [events.mixin(), subscription.mixin()],
        actions: { copy: events.mapAction("thing.copied", { stream: "copies" }) },
      },
    ]);
    await broker.call("copies.pause");
    await append(broker, "a");
    log.close();
    const other = append(broker, "other");
    await broker.call("copies.resume");
    const isNow = (expected: object) =>
      eventually(async () => expect(await broker.call("copies.status")).toMatchObject(expected));
    await isNow({ state: "waiting", parked: 0 });
    log.open();
    await other;
    await eventually(async () =>
      expect(await broker.call("events.count", { query: { type: "thing.copied" } })).toBe(2),
    );
    await isNow({ state: "live", parked: 0 });
  });
});

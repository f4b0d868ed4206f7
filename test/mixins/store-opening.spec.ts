import { Decider, EventStore } from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { EventLog } from "../../core/log/event-log.ts";
import { cleanUp, eventually, newBroker, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

describe("A store whose engine goes while it is being opened", () => {
  it("closes what it has opened before it tries again", async () => {
    const place = memory();
    const calls: string[] = [];
    const eventLog = (name: string): EventLog => {
      const log = place.eventLog!(name);
      const [open, close, getState] = [log.open.bind(log), log.close.bind(log), log.control.get.bind(log)];
      log.open = () => (calls.push("open"), open());
      log.close = () => (calls.push("close"), close());
      log.control.get = async (key) => {
        if (calls.length < 3) throw new StoreUnavailableError("server", "nothing heard");
        return getState(key);
      };
      return log;
    };
    const events = EventStore("events", { adapter: { ...place, eventLog } });
    const broker = await startBroker([{ name: "host", mixins: [events.mixin()] }]);
    expect(calls).toEqual(["open", "close", "open"]);
    expect(await broker.call("events.status")).toMatchObject({ head: 0, pump: { lag: 0 } });
    await broker.stop();
    expect(calls).toEqual(["open", "close", "open", "close"]);
  });
});

describe("A decider beside a store that is being opened", () => {
  it("is announced when the store answers", async () => {
    const place = memory();
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    let isOpening = false;
    const eventLog = (name: string): EventLog => {
      const log = place.eventLog!(name);
      const openLog = log.open.bind(log);
      log.open = async (options) => {
        isOpening = true;
        await opened;
        return openLog(options);
      };
      return log;
    };
    const events = EventStore("events", { adapter: { ...place, eventLog } });
    const counter = Decider("counter", {
      eventStore: events,
      stream: (id) => `counter-${id}`,
      initialState: () => 0,
      commands: { count: { decide: () => ({ type: "counted", payload: {} }) } },
      evolve: { counted: (n: number) => n + 1 },
    });
    const broker = newBroker();
    broker.createService({ name: "other", actions: { call: () => "here" } });
    broker.createService({ name: "counter", mixins: [counter.mixin()] });
    broker.createService({ name: "host", mixins: [events.mixin()] });
    const started = broker.start();
    await eventually(async () => expect([isOpening, await broker.call("other.call")]).toEqual([true, "here"]));
    expect(broker.registry.actions.isAvailable("counter.count")).toBe(false);
    open();
    await started;
    expect(await broker.call("counter.count", { id: "a" })).toMatchObject({ version: 1 });
  });
});

import { Aggregate, EventStore, ProcessManager, Subscription } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { caughtUp, cleanUp, eventually, startBroker } from "../support/broker.ts";
import { LogLines } from "./log-lines.ts";
import { happen, processService, withStatus } from "./processes.ts";

afterEach(cleanUp);

/** A store with a consumer of each kind; the subscription calls an action that may be missing. */
async function startHost(logger: LogLines): Promise<ServiceBroker> {
  const events = EventStore("events", { adapter: memory() });
  const table = Aggregate("table", { eventStore: events, adapter: "memory:", fields: { n: "integer" } })
    .on("thing.*")
    .create(({ id, position }) => ({ id, n: position }));
  const watch = Subscription("watch", { eventStore: events, on: { "thing.*": "late.handle" } });
  const manager = ProcessManager("manager", {
    eventStore: events,
    correlate: ({ stream }) => stream,
    on: { "thing.*": () => {} },
  });
  const broker = await startBroker([{ name: "store", mixins: [events.mixin()] }], { logger });
  broker.createService({ name: "consumers", mixins: [table, watch, manager].map((one) => one.mixin()) });
  return broker;
}

const addHandler = (broker: ServiceBroker) => broker.createService({ name: "late", actions: { handle: () => {} } });

const append = (broker: ServiceBroker) =>
  broker.call("events.append", { stream: "thing-1", events: [{ type: "thing.happened", payload: {} }] });

/** The changes of a state, in their order; the details that follow each are cut off. */
const changes = (logger: LogLines, name: string) =>
  logger.of("debug", new RegExp(`^${name}: .* -> `)).map((line) => line.slice(name.length + 2).replace(/ \{.*/s, ""));

const live = (broker: ServiceBroker, name: string) =>
  eventually(async () => expect(await broker.call(`${name}.status`)).toMatchObject({ state: "live", lag: 0 }));

const allLive = async (broker: ServiceBroker) => {
  for (const name of ["table", "watch", "manager"]) await live(broker, name);
};

describe("The debug log", () => {
  it("has the states of each consumer and of the pump from the start to the stop", async () => {
    const logger = new LogLines();
    const broker = await startHost(logger);
    await allLive(broker);
    await broker.call("table.pause");
    await broker.call("table.resume");
    await live(broker, "table");
    await eventually(() => expect(changes(logger, "events pump")).toContain("gated -> pumping"));
    await broker.stop();
    const fromStart = ["off -> starting", "starting -> folding", "folding -> live"];
    expect(changes(logger, "table")).toEqual([...fromStart, "live -> paused", "paused -> live", "live -> off"]);
    for (const name of ["watch", "manager"]) expect(changes(logger, name)).toEqual([...fromStart, "live -> off"]);
    expect(changes(logger, "events pump")).toEqual(["off -> gated", "gated -> pumping", "pumping -> off"]);
  });

  it("has leases, checkpoints and processes as a node takes them", async () => {
    const logger = new LogLines();
    const broker = await startHost(logger);
    await allLive(broker);
    await broker.stop();
    expect(changes(logger, "watch lease")).toEqual(["not held -> held here", "held here -> not held"]);
    expect(changes(logger, "watch checkpoint")).toEqual(["epoch none -> 1"]);
    expect(changes(logger, "manager processes")).toEqual(["unknown -> loaded"]);
    expect(logger.of("debug", /^watch lease: .*holder: 'node-\d+\//s)).toHaveLength(1);
  });

  it("has what a consumer waits for, and the end of the wait", async () => {
    const logger = new LogLines();
    const broker = await startHost(logger);
    await allLive(broker);
    await append(broker);
    await eventually(() => expect(logger.of("debug", /^watch: live -> waiting .*late\.handle/s)).toHaveLength(1));
    addHandler(broker);
    await live(broker, "watch");
    expect(changes(logger, "watch").slice(-2)).toEqual(["live -> waiting", "waiting -> live"]);
  });

  it("has what became of a parked process and of the control state", async () => {
    const logger = new LogLines();
    let isBroken = true;
    const service = processService(
      { adapter: memory() },
      {
        onError: { retries: 0 },
        on: {
          "thing.happened": () => {
            if (isBroken) throw new Error("broken");
          },
        },
      },
    );
    const broker = await startBroker([service], { logger });
    await happen(broker, "p");
    await withStatus(broker, { parked: 1 });
    await broker.call("manager.retry");
    isBroken = false;
    await broker.call("manager.retry");
    expect(changes(logger, "process p")).toEqual(["parked -> parked again", "parked -> done"]);
    expect(changes(logger, "manager control")).toHaveLength(3);
  });

  it("has a pump that is paused and resumed", async () => {
    const logger = new LogLines();
    const broker = await startHost(logger);
    await eventually(() => expect(changes(logger, "events pump")).toContain("gated -> pumping"));
    await broker.call("events.pausePump");
    await broker.call("events.resumePump");
    await eventually(() =>
      expect(changes(logger, "events pump").slice(2)).toEqual(["pumping -> paused", "paused -> pumping"]),
    );
  });

  it("has the begin of a rebuild and the switch to the new table", async () => {
    const logger = new LogLines();
    const broker = await startHost(logger);
    await allLive(broker);
    await append(broker);
    await caughtUp(broker, "table");
    await broker.call("table.rebuild");
    await eventually(() => expect(changes(logger, "table rebuild")).toEqual(["idle -> building", "building -> idle"]));
    expect(changes(logger, "table generation")).toEqual(["folded beside the table -> answers queries"]);
  });

  it("gets no line from a thousand appends to live consumers", async () => {
    const logger = new LogLines();
    const broker = await startHost(logger);
    addHandler(broker);
    await allLive(broker);
    await append(broker);
    await allLive(broker);
    await eventually(() => expect(changes(logger, "events pump")).toContain("gated -> pumping"));
    const before = changes(logger, ".*");
    await Promise.all(Array.from({ length: 1000 }, () => append(broker)));
    await allLive(broker);
    expect(changes(logger, ".*")).toEqual(before);
  });

  it("can be switched on for single services", async () => {
    const logger = new LogLines({ level: { WATCH: "debug", "TABLE*": "debug", "**": "info" } });
    expect(["watch", "table", "manager", "events"].map((name) => logger.getLogLevel(name))).toEqual([
      "debug",
      "debug",
      "info",
      "info",
    ]);
  });
});

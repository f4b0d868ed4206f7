import { Aggregate, EventStore, type AggregateStatus } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { PumpCheckpoint } from "../../mixins/event-store/pump/pump-checkpoint.ts";
import { caughtUp, cleanUp, eventually, newBroker, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

const statusOf = (broker: ServiceBroker): Promise<AggregateStatus> => broker.call("table.status");
const append = (broker: ServiceBroker, count: number) =>
  broker.call("events.append", {
    stream: "s-1",
    events: Array.from({ length: count }, () => ({ type: "thing.happened", payload: {} })),
  });

/** A table whose transforms wait at a gate until it opens. */
function gated() {
  const gate = Promise.withResolvers<void>();
  const events = EventStore("events", { adapter: "memory:" });
  let isClosed = false;
  const table = Aggregate("table", {
    eventStore: EventStore("events", { host: false }),
    adapter: "memory:",
    fields: { n: "integer" },
  })
    .on("thing.*")
    .create(async ({ id, position }) => {
      if (isClosed) await gate.promise;
      return { id, n: position };
    });
  return {
    store: { name: "host", mixins: [events.mixin()] },
    reader: { name: "reader", mixins: [table.mixin()] },
    close: () => void (isClosed = true),
    open: () => gate.resolve(),
  };
}

describe("The state of a consumer", () => {
  it("is folding, not live, while a page takes its time", async () => {
    const { store, reader, close, open } = gated();
    const broker = await startBroker([store, reader]);
    await append(broker, 1);
    await eventually(async () => expect(await statusOf(broker)).toMatchObject({ state: "live", lag: 0 }));
    close();
    await append(broker, 60);
    await eventually(async () => expect((await statusOf(broker)).lag).toBe(60));
    expect(await statusOf(broker)).toMatchObject({ state: "folding", lag: 60 });
    open();
    await eventually(async () => expect(await statusOf(broker)).toMatchObject({ state: "live", lag: 0 }));
  });

  it("is folding, not starting, during the first page", async () => {
    const { store, reader, close, open } = gated();
    close();
    const broker = await startBroker([store]);
    await append(broker, 3);
    broker.createService(reader);
    await broker.waitForServices("reader");
    await eventually(async () => expect(await statusOf(broker)).toMatchObject({ state: "folding", lag: 3 }));
    open();
    await caughtUp(broker, "table");
  });

  it("is waiting from the first moment on where its store is absent, with the cause", async () => {
    const { reader } = gated();
    const broker = newBroker();
    broker.createService(reader);
    await broker.start();
    await eventually(async () => expect((await statusOf(broker)).state).not.toBe("starting"), 2000);
    expect(await statusOf(broker)).toMatchObject({
      state: "waiting",
      head: null,
      cause: expect.stringContaining("events") as string,
    });
  });
});

describe("The position of the pump", () => {
  it("does not go back when its lease has lapsed", async () => {
    const real = memory().eventLog!("events");
    // If the log is shared, the host with the lease pumps.
    const log = Object.assign(real, { capabilities: { ...real.capabilities, hosts: "many" } as const });
    await log.open();
    const pump = new PumpCheckpoint(log, { node: "one", leaseMs: 1000 });
    await pump.load();
    await pump.acquire();
    pump.position = 5;
    await pump.save();
    pump.position = 9;
    await pump.release();
    await pump.acquire();
    expect([pump.position, await pump.reached(), pump.known]).toEqual([9, 9, 9]);
    await pump.save();
    const other = new PumpCheckpoint(log, { node: "one", leaseMs: 1000 });
    await other.load();
    expect(other.position).toBe(9);
    await log.close();
  });
});

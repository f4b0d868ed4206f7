import { readdirSync } from "node:fs";
import { Aggregate, EventStore, Subscription } from "moleculer-event-sourcing";
import { ServiceBroker, type BrokerOptions, type ServiceSchema } from "moleculer";
import { cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";

const opened: ServiceBroker[] = [];
afterEach(async () => {
  for (const broker of opened.splice(0)) await broker.stop();
  await cleanUp();
});

/** Two stores and their consumers, so that a stop comes between the starts of two companions. */
function shop(folder: string, other: string): ServiceSchema {
  const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
  const elsewhere = EventStore("elsewhere", { adapter: other });
  const table = Aggregate("table", { eventStore: events, fields: { n: "integer" } })
    .on("thing.*")
    .create(({ id, position }) => ({ id, n: position }));
  const watch = Subscription("watch", { eventStore: elsewhere, on: { "thing.*": () => {} } });
  return {
    name: "shop",
    mixins: [elsewhere.mixin(), watch.mixin(), events.mixin(), table.mixin()],
    actions: { happen: events.mapAction("thing.happened", { stream: "new" }) },
  };
}

function newBroker(service: ServiceSchema, options: BrokerOptions = {}): ServiceBroker {
  const broker = new ServiceBroker({ nodeID: "one", logger: false, registry: { stopDelay: 0 }, ...options });
  broker.createService(service);
  opened.push(broker);
  return broker;
}

/** Expects that another broker can open the files of a folder, and works. */
async function expectFree(folder: string): Promise<void> {
  const other = await startBroker([shop(folder, "memory:")], { nodeID: "another" });
  await other.call("shop.happen", {});
  await eventually(async () => expect(await other.call("table.count")).toBeGreaterThan(0));
  await other.stop();
}

const turn = () => new Promise((next) => setImmediate(next));
/** No server listens there. */
const away = "postgres://localhost:1/shop";

const orders: [string, (broker: ServiceBroker) => Promise<unknown>][] = [
  ["stop", (broker) => broker.stop()],
  ["start and stop in one tick", (broker) => Promise.all([broker.start(), broker.stop()])],
  [
    "stop and start in one tick, then stop",
    async (broker) => {
      const stopped = broker.stop();
      const started = broker.start();
      await stopped;
      await Promise.all([started, broker.stop()]);
    },
  ],
  [
    "stop some turns after start",
    async (broker) => {
      const started = broker.start();
      for (let turns = 0; turns < 5; turns++) await turn();
      await Promise.all([started, broker.stop()]);
    },
  ],
  [
    "stop when one of the stores is open",
    async (broker) => {
      const started = broker.start();
      await eventually(() => expect(broker.registry.actions.isAvailable("events.append")).toBe(true));
      await Promise.all([started, broker.stop()]);
    },
  ],
  [
    "start, stop, start and stop in one tick",
    (broker) => Promise.all([broker.start(), broker.stop(), broker.start(), broker.stop()]),
  ],
  [
    "start and stop, then start, then stop a moment later",
    async (broker) => {
      await Promise.all([broker.start(), broker.stop()]);
      const started = broker.start();
      await turn();
      await Promise.all([started, broker.stop()]);
    },
  ],
  [
    "start twice and stop twice",
    (broker) => Promise.all([broker.start(), broker.start(), broker.stop(), broker.stop()]),
  ],
];

describe.each([
  ["with engines inside the process", "memory:", 0],
  ["that stops slowly", "memory:", 100],
  ["with a server that is away", away, 0],
])("A broker %s", (_which, other, stopDelay) => {
  it.each(orders)("settles and leaves no lock: %s", async (_name, run) => {
    const folder = newFolder();
    const broker = newBroker(shop(folder, other), { registry: { stopDelay } });
    await run(broker);
    expect(broker.started).toBe(false);
    await expectFree(folder);
  });
});

describe("A broker that was stopped and started in one tick", () => {
  it("answers after its next start", async () => {
    const broker = newBroker(shop(newFolder(), "memory:"));
    await Promise.all([broker.start(), broker.stop()]);
    await broker.start();
    await broker.call("shop.happen", {});
    await eventually(async () => expect(await broker.call("table.count")).toBe(1));
  });
});

describe("A broker that is stopped while its transporter connects", () => {
  it("opens nothing afterwards, and both settle", async () => {
    const folder = newFolder();
    const broker = newBroker(shop(folder, "memory:"), { transporter: "Fake", namespace: folder });
    const { promise: connected, resolve: connect } = Promise.withResolvers<void>();
    const transit = broker.transit!;
    const real = transit.connect.bind(transit);
    transit.connect = () => connected.then(real);
    let isLate = false;
    broker.createService({ name: "plain", started: () => void (isLate = true) });
    const started = broker.start();
    await turn();
    await broker.stop();
    await started;
    connect();
    // Moleculer starts the services nevertheless.
    await eventually(() => expect(isLate).toBe(true));
    for (let turns = 0; turns < 50; turns++) await turn();
    expect(readdirSync(folder)).toEqual([]);
    expect(broker.started).toBe(false);
    await expectFree(folder);
  });
});

describe("A broker whose start fails", () => {
  it("lets go of its stores at once, without a stop", async () => {
    const folder = newFolder();
    const broker = newBroker(shop(folder, "memory:"));
    broker.createService({
      name: "failing",
      started: async () => {
        await broker.waitForServices("events");
        throw new Error("no port is free");
      },
    });
    expect(await refusal(() => broker.start())).toMatchObject({ message: "no port is free" });
    await expectFree(folder);
  });

  it("lets go of its stores while another still tries to reach its server", async () => {
    const folder = newFolder();
    const broker = newBroker(shop(folder, away));
    broker.createService({ name: "failing", started: () => Promise.reject(new Error("no port is free")) });
    expect(await refusal(() => broker.start())).toMatchObject({ message: "no port is free" });
    await expectFree(folder);
    await broker.stop();
  });
});

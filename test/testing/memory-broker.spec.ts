import { existsSync, mkdirSync, readdirSync } from "node:fs";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { Aggregate, EventStore } from "moleculer-event-sourcing";
import { memoryBroker } from "moleculer-event-sourcing/testing";
import { cleanUp, newFolder, startBroker } from "../support/broker.ts";

/** A service whose log, table and snapshots have their places on the disk. */
function things(folder: string): ServiceSchema {
  const events = EventStore<{ "thing.made": { id: string } }>("events", { adapter: `sqlite:${folder}/events.db` });
  const table = Aggregate("things", { eventStore: events, fields: { id2: "string" }, snapshots: { folder } })
    .on("thing.made")
    .create(({ payload: { id } }) => ({ id, id2: id + id }));
  return {
    name: "thing",
    mixins: [events.mixin(), table.mixin()],
    actions: { make: events.mapAction("thing.made", { params: { id: "string" } }) },
  };
}

const make = (broker: ServiceBroker, id: string): Promise<{ position: number }> => broker.call("thing.make", { id });
const rows = (broker: ServiceBroker, position: number): Promise<object[]> =>
  broker.call("things.find", { sort: "id" }, { meta: { readAfter: { events: position } } });

describe("A memory broker", () => {
  const brokers: ServiceBroker[] = [];
  const start = async (...services: ServiceSchema[]) => {
    const broker = await memoryBroker(...services);
    brokers.push(broker);
    return broker;
  };
  let folder: string;

  beforeEach(() => {
    folder = newFolder();
  });
  afterEach(async () => {
    for (const broker of brokers.splice(0)) if (broker.started) await broker.stop();
    await cleanUp();
  });

  it("keeps log and tables in memory, whatever their definitions say", async () => {
    const broker = await start(things(folder));
    const { position } = await make(broker, "a");
    expect(await rows(broker, position)).toEqual([{ id: "a", id2: "aa" }]);
    expect(await broker.call("events.status")).toMatchObject({ engine: "memory", head: 1 });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is empty at first, though an earlier one had the same service", async () => {
    const service = things(folder);
    const first = await start(service);
    await make(first, "a");
    await first.stop();
    const second = await start(service);
    const { position } = await make(second, "b");
    expect(await rows(second, position)).toEqual([{ id: "b", id2: "bb" }]);
  });

  it("shares nothing with another one that runs beside it", async () => {
    const service = things(folder);
    const [one, other] = [await start(service), await start(service)];
    await make(one, "a");
    expect(await other.call("events.count")).toBe(0);
  });

  it("keeps its events and rows over a stop and a start", async () => {
    const broker = await start(things(folder));
    await make(broker, "a");
    await broker.stop();
    await broker.start();
    const { position } = await make(broker, "b");
    expect(await rows(broker, position)).toMatchObject([{ id: "a" }, { id: "b" }]);
  });

  it("keeps them where a service ends and comes again", async () => {
    const schema = things(folder);
    const broker = await start(schema);
    await make(broker, "a");
    await broker.destroyService("thing");
    broker.createService(schema);
    await broker.waitForServices(["thing", "events", "things"]);
    const { position } = await make(broker, "b");
    expect(await rows(broker, position)).toMatchObject([{ id: "a" }, { id: "b" }]);
  });

  it("takes services that come later, with their stores in memory too", async () => {
    const broker = await start();
    const service = broker.createService(things(folder));
    await broker.waitForServices([service.name, "events"]);
    await make(broker, "a");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("leaves the folder of a table's snapshots alone", async () => {
    mkdirSync(`${folder}/things`);
    const broker = await start(things(folder));
    await expect(broker.call("things.snapshot")).rejects.toMatchObject({ type: "SNAPSHOTS_NOT_CONFIGURED" });
    expect(readdirSync(`${folder}/things`)).toEqual([]);
  });

  it("does not listen for the end of the process, which is the test runner's", async () => {
    const before = process.listenerCount("beforeExit");
    await start();
    expect(process.listenerCount("beforeExit")).toBe(before);
  });

  it("leaves other brokers as they are", async () => {
    const service = things(folder);
    await start(service);
    await startBroker([service]);
    expect(existsSync(`${folder}/events.db`)).toBe(true);
  });

  it.each<[string, string, Partial<ServiceSchema>]>([
    ["is refused", "expected the same", { mixins: [EventStore("events", { adapter: "memory:" }).mixin()] }],
    ["does not start", "out of order", { started: () => Promise.reject(new Error("out of order")) }],
  ])("ends what has begun where a service %s", async (_, message, fault) => {
    let ended = 0;
    const witness = { name: "witness", stopped: async () => void ended++ };
    await expect(memoryBroker(things(folder), witness, { name: "faulty", ...fault })).rejects.toThrow(message);
    expect(ended).toBe(1);
  });
});

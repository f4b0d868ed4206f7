import { randomUUID } from "node:crypto";
import { Aggregate, EventStore } from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import type { ServiceBroker } from "moleculer";
import { caughtUp, cleanUp, eventually, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

const events = 20;

/** A node whose table has a copy of its own; the transform of the third event waits for `gate`. */
async function startNode(nodeID: string, namespace: string, { isHost = false, gate = Promise.resolve() } = {}) {
  const store = EventStore("events", isHost ? { adapter: memory() } : { host: false });
  const things = Aggregate("things", { eventStore: store, adapter: "memory:", fields: { n: "integer" } })
    .on("thing.added")
    .create(async ({ id, position }) => {
      if (position === 3) await gate;
      return { id, n: position };
    });
  const broker = await startBroker([{ name: "things-host", mixins: [store.mixin(), things.mixin()] }], {
    nodeID,
    namespace,
    transporter: "Fake",
  });
  await broker.waitForServices(["events", "$things"], 10_000, 10);
  return broker;
}

const countOn = (broker: ServiceBroker) => broker.call<number, object>("things.count", {}, { nodeID: broker.nodeID });

describe("The tables of nodes that join together", () => {
  it("return the rows of a node that has caught up, never those of one another, and their own without one", async () => {
    const namespace = randomUUID();
    const full = await startNode("n2", namespace, { isHost: true });
    const added = Array.from({ length: events }, () => ({ type: "thing.added", payload: {} }));
    await full.call("events.append", { stream: "things", events: added });
    await caughtUp(full, "things");
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const joining = await Promise.all(["n1", "n3", "n4"].map((nodeID) => startNode(nodeID, namespace, { gate })));
    for (const broker of joining)
      await eventually(() => {
        const known = broker.registry.getServiceList({ onlyAvailable: true }) as unknown as { name: string }[];
        expect(known.filter(({ name }) => name === "$things")).toHaveLength(4);
      });
    for (const broker of joining) for (let call = 0; call < 10; call++) expect(await countOn(broker)).toBe(events);
    await full.stop();
    for (const broker of joining) expect(await countOn(broker)).toBeLessThan(events);
    open();
  });
});

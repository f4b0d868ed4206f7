import { Decider, EventStore } from "moleculer-event-sourcing";
import type { BrokerOptions, ServiceBroker, ServiceSchema } from "moleculer";
import { cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

const adapter = () => `sqlite:${newFolder()}/events.db`;
const newStore = (options = {}) => EventStore("events", { adapter: adapter(), ...options });

const deciderService = (
  name: string,
  events: ReturnType<typeof newStore>,
  options: { stream?: (id: string) => string } = {},
): ServiceSchema => ({
  name: `service-of-${name}`,
  mixins: [
    events.mixin(),
    Decider(name, {
      eventStore: events,
      initialState: () => ({}),
      commands: { add: { decide: () => ({ type: "line.added" }) } },
      evolve: { "line.added": (state) => state },
      ...options,
    }).mixin(),
  ],
});

const refused = (broker: ServiceBroker, service: ServiceSchema) => refusal(() => broker.createService(service));

describe("Two deciders whose default streams meet", () => {
  it("are refused on one broker and store", async () => {
    const events = newStore();
    const broker = await startBroker([deciderService("order-line", events)]);
    expect(await refused(broker, deciderService("order_line", events))).toMatchObject({
      type: "DEFINITION",
      message:
        "order_line.stream: found order_line-<id>, the streams of the decider order-line, expected streams of its own in the store: another name, or the option stream",
    });
  });

  it("are accepted with another store, with streams of their own, and after the other is destroyed", async () => {
    const events = newStore();
    const broker = await startBroker([deciderService("order-line", events)]);
    const other = EventStore("others", { adapter: adapter() });
    broker.createService(deciderService("order_line", other as never));
    broker.createService(deciderService("order.line", events, { stream: (id) => `order_line-${id}` }));
    await broker.destroyService("service-of-order-line");
    broker.createService({ ...deciderService("order_line", events), name: "renamed" });
    await broker.waitForServices("renamed");
    expect(await broker.call("renamed.add", { id: "1" })).toMatchObject({ stream: "order_line-1" });
  });

  it("are refused on another node, which does not start", async () => {
    const node = (nodeID: string): BrokerOptions => ({ nodeID, transporter: "Fake", namespace: "meeting" });
    await startBroker([deciderService("order-line", newStore())], node("meets-a"));
    const remote = newStore({ host: false });
    const starting = startBroker([deciderService("order_line", remote)], node("meets-b"));
    expect(await refusal(() => starting)).toMatchObject({
      type: "DEFINITION",
      message: expect.stringContaining("the streams of the decider order-line on node meets-a") as string,
    });
    const same = await startBroker([deciderService("order-line", remote)], node("meets-c"));
    expect(await same.call("service-of-order-line.add", { id: "1" })).toMatchObject({ version: 1 });
  });
});

import { ServiceBroker, type ServiceSchema } from "moleculer";
import { Aggregate, Decider, EventStore, ProcessManager, Subscription } from "moleculer-event-sourcing";

const events = EventStore("store", {
  adapter: "memory:",
  events: { "order.placed": { payload: { total: "number" } } },
});

const table = Aggregate("table", { eventStore: events, adapter: "memory:", fields: { total: "number" } })
  .on("order.placed")
  .create((event) => event.payload);

const decider = Decider("decider", {
  eventStore: events,
  initialState: () => ({}),
  commands: {
    place: { params: { total: "number" }, decide: (_, { total }) => ({ type: "order.placed", payload: { total } }) },
  },
  evolve: { "order.placed": (state) => state },
});

const manager = ProcessManager("manager", {
  eventStore: events,
  correlate: ({ stream }) => stream,
  on: { "order.placed": () => {} },
});

const subscription = Subscription("subscription", { eventStore: events, on: { "order.placed": () => {} } });

const service: ServiceSchema = {
  name: "service",
  mixins: [events, table, decider, manager, subscription].map((definition) => definition.mixin()),
  actions: { mapped: events.mapAction("order.placed", { params: { id: "string", total: "number" } }) },
  events: { mapped: events.mapEvent("order.placed") },
};

/** A started broker with one definition of each factory, named like the factory's product. */
export async function brokerWithAll(): Promise<ServiceBroker> {
  const broker = new ServiceBroker({
    nodeID: "surface",
    logger: false,
    metrics: { enabled: true, reporter: [] },
    registry: { stopDelay: 0 },
    skipProcessEventRegistration: true,
  });
  broker.createService(service);
  await broker.start();
  return broker;
}

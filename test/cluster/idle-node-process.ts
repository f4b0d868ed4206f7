// A node in its own process whose services are idle; it reports its processor time.
import { ServiceBroker } from "moleculer";
import { Aggregate, EventStore, ProcessManager, Subscription } from "moleculer-event-sourcing";
import { nodeOptions } from "../faults/multinode/node-options.ts";
import { sendLine } from "../support/send-line.ts";

const { carrier, nodeID, log, table } = JSON.parse(process.argv[2]!) as Record<string, string>;
const broker = new ServiceBroker({ ...nodeOptions(carrier!, "idle", nodeID!), logger: false });
const eventStore = EventStore("events", { adapter: log! });
const twice = <Made>(make: (name: string) => Made): Made[] => [make("one"), make("two")];
const consumers = [
  ...twice((name) => Subscription(`subscription-${name}`, { eventStore, on: { "thing.*": () => {} } })),
  ...twice((name) =>
    ProcessManager(`process-${name}`, {
      eventStore,
      correlate: ({ stream }) => stream,
      initialState: () => ({}),
      on: { "thing.began": (_event, { state }) => state },
    }),
  ),
  ...twice((name) =>
    Aggregate(`table-${name}`, { eventStore, adapter: `${table}${name}`, fields: { name: "string" }, snapshots: false })
      .on("thing.began")
      .create(({ stream }) => ({ id: stream })),
  ),
];
broker.createService({
  name: "things",
  mixins: [eventStore.mixin(), ...consumers.map((consumer) => consumer.mixin())],
  actions: {
    begin: eventStore.mapAction("thing.began", { params: { id: "string" } }),
    cpu: () => process.cpuUsage(),
  },
});
await broker.start();
sendLine("ready");

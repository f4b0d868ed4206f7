// A node of a release: `<url of NATS> <namespace> <nodeID> <release> <folder> [slow]`. Prints "started" when it has.
import { Aggregate, EventStore, Subscription, type EventCatalogue } from "moleculer-event-sourcing";
import { ServiceBroker } from "moleculer";
import { nodeOptions } from "../faults/multinode/node-options.ts";

const [url, namespace, nodeID, release, folder, option] = process.argv.slice(2);
const known = { payload: { size: "number" } } as const;
// The older release does not have the second one.
const types: EventCatalogue = { "thing.made": known, ...(release === "2" && { "thing.broken": known }) };
const isHost = nodeID === "node-1";
const events = EventStore("events", {
  ...(isHost ? { adapter: `sqlite:${folder}/events.db` } : { host: false }),
  events: types,
  unknownTypes: "refuse",
});
const things = Aggregate("things", {
  eventStore: events,
  adapter: "memory:",
  fields: { size: "number" },
  onError: { retries: 0 },
})
  .on("thing.**")
  .update(({ payload }) => {
    const { size } = payload as { size: number };
    if (size === 13) throw new Error("thirteen");
    return { size };
  });
const letters = Subscription("letters", { eventStore: events, on: { "thing.made": () => {} } });

const broker = new ServiceBroker({ ...nodeOptions(url!, namespace!, nodeID!), logger: false, heartbeatInterval: 1 });
broker.createService({
  name: "shop",
  mixins: [...(isHost ? [events.mixin()] : []), things.mixin(), letters.mixin()],
  actions: { status: () => "open" },
  async started() {
    // Until the parent ends the wait with a line.
    if (option === "slow") await new Promise<void>((begin) => process.stdin.once("data", () => begin()));
  },
});
process.once("SIGTERM", () => void broker.stop().then(() => process.exit(0)));
process.stdout.write("begun\n");
await broker.start();
process.stdout.write("started\n");

// A node that hosts a store and a consumer under its former or its new name, and appends events, until it is killed. It
// reports each event after its handler.
import { ServiceBroker } from "moleculer";
import { EventStore, ProcessManager, Subscription, type RecordedEvent } from "moleculer-event-sourcing";
import { sendLine } from "../support/send-line.ts";

const [kind = "", folder = "", name = ""] = process.argv.slice(2);
const eventStore = EventStore("events", { adapter: `sqlite:${folder}/events.db`, leaseMs: 1000 });
const options = {
  eventStore,
  ...(name !== "mails" && { formerName: "mails" }),
  on: { "thing.*": ({ position }: RecordedEvent) => sendLine(position) },
};
const consumer = kind === "subscription" ? Subscription(name, options) : ProcessManager(name, options);
const broker = new ServiceBroker({ nodeID: "killed", logger: false });
broker.createService({ name: "host", mixins: [eventStore.mixin(), consumer.mixin()] });
await broker.start();
for (let n = 0; ; n++)
  await broker.call("events.append", { stream: `thing-${n % 3}`, events: [{ type: "thing.happened", payload: {} }] });

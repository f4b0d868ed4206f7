// A node that hosts the subscription `watch`, and with "store" also its store, until it is killed; it reports handled
// events.
import { ServiceBroker } from "moleculer";
import { EventStore, Subscription } from "moleculer-event-sourcing";
import { sendLine } from "../support/send-line.ts";

const [nodeID = "", url = "", folder = "", what = "", delayMs = "0"] = process.argv.slice(2);
const events = EventStore("events", { adapter: `sqlite:${folder}/events.db`, host: what === "store" });
const watch = Subscription("watch", {
  eventStore: events,
  on: {
    async "thing.**"({ position }) {
      sendLine(position);
      await new Promise((done) => setTimeout(done, Number(delayMs)));
    },
  },
});
const broker = new ServiceBroker({
  nodeID,
  logger: false,
  ...(url !== "" && { transporter: { type: "NATS", options: { url } }, heartbeatInterval: 1, heartbeatTimeout: 3 }),
});
broker.createService({ name: nodeID, mixins: [events.mixin(), watch.mixin()] });
await broker.start();
sendLine("ready");
setInterval(() => {}, 1000);

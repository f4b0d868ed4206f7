// A node that hosts the subscription `watch`, and with "store" also its store, until it is killed; it tells what it handles.
import { writeSync } from "node:fs";
import { ServiceBroker } from "moleculer";
import { EventStore, Subscription } from "moleculer-event-sourcing";

const [nodeID = "", url = "", folder = "", what = "", delayMs = "0"] = process.argv.slice(2);
const events = EventStore("events", { adapter: `sqlite:${folder}/events.db`, host: what === "store" });
const watch = Subscription("watch", {
  eventStore: events,
  on: {
    async "thing.**"({ position }) {
      // Written at once and not through a stream: what was said before a SIGKILL is in the pipe.
      writeSync(1, `${position}\n`);
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
writeSync(1, "ready\n");
setInterval(() => {}, 1000);

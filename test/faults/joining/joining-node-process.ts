// A node in its own process that hosts a log on a server, a table in SQLite, and a decider.
import { ServiceBroker } from "moleculer";
import { Aggregate, Decider, EventStore } from "moleculer-event-sourcing";
import { setTimes } from "../../../core/concurrency/times.ts";
import { sendLine } from "../../support/send-line.ts";
import { nodeOptions } from "../multinode/node-options.ts";

// Shortened, so that opening takes long compared with it.
setTimes({ opening: { retryTimeoutMs: 500 } });
const [url = "", namespace = "", nodeID = "", folder = ""] = process.argv.slice(2);
const events = EventStore("events", { adapter: `${url}?folder=${folder}` });
const numbers = Aggregate("numbers", {
  eventStore: events,
  adapter: `sqlite:${folder}/numbers.db`,
  fields: { n: "integer" },
})
  .on("counter.counted")
  .create(({ id, payload }) => ({ id, n: payload["n"] as number }));
const counter = Decider("counter", {
  eventStore: events,
  stream: (id) => `counter-${id}`,
  initialState: () => ({ n: 0 }),
  commands: { count: { decide: ({ n }) => ({ type: "counter.counted", payload: { n: n + 1 } }) } },
  evolve: { "counter.counted": ({ n }) => ({ n: n + 1 }) },
});
const broker = new ServiceBroker({
  ...nodeOptions(url, namespace, nodeID),
  heartbeatInterval: 1,
  heartbeatTimeout: 5,
  logger: { type: "Console", options: { level: process.env["NODE_LOGS"] ? "info" : "fatal", colors: false } },
});
broker.createService({ name: "host", mixins: [events.mixin(), numbers.mixin()] });
broker.createService({ name: "counter", mixins: [counter.mixin()] });
await broker.start();
sendLine("ready");
process.once("SIGTERM", () => void broker.stop().then(() => process.exit()));

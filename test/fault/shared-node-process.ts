// A node in a process of its own that shares log and table with others; it tells what it hears, handles, and how it stalled.
import { ServiceBroker } from "moleculer";
import { nodeOptions } from "../multinode/node-options.ts";
import { say } from "../support/say.ts";
import { bookServices } from "./shared-books.ts";

const [transporter = "", namespace = "", nodeID = "", log = "", table = ""] = process.argv.slice(2);
const broker = new ServiceBroker({
  ...nodeOptions(transporter, namespace, nodeID),
  heartbeatInterval: 1,
  heartbeatTimeout: 3,
  logger: false,
});
for (const service of bookServices({ log, table, say })) broker.createService(service);
// A frozen process does not know that it was, but by its clock.
let lookedAt = performance.now();
setInterval(() => {
  const now = performance.now();
  if (now - lookedAt > 2000) say("stalled");
  lookedAt = now;
}, 100);
await broker.start();
say("ready");

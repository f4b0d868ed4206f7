// A node in its own process, for tests that kill or freeze it: the store, or a table with its transform.
import { ServiceBroker } from "moleculer";
import { book, entriesHost, keeper } from "../../support/accounts.ts";
import { sendLine } from "../../support/send-line.ts";
import { nodeOptions } from "./node-options.ts";

const [url = "", namespace = "", nodeID = "", folder = "", role = "", heartbeatTimeout] = process.argv.slice(2);
const broker = new ServiceBroker({
  ...nodeOptions(url, namespace, nodeID),
  ...(heartbeatTimeout && { heartbeatInterval: 1, heartbeatTimeout: Number(heartbeatTimeout) }),
  logger: false,
});
for (const service of role === "store" ? [keeper(folder)] : [entriesHost(folder), book()])
  broker.createService(service);
await broker.start();
sendLine("ready");

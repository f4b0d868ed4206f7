// A node of one release in its own process. SIGTERM stops it in order.
import { ServiceBroker } from "moleculer";
import { sendLine } from "../../support/send-line.ts";
import { nodeOptions } from "../multinode/node-options.ts";
import { libraryServices, type LibraryNode } from "./library.ts";

const node = JSON.parse(process.argv[2]!) as LibraryNode;
const broker = new ServiceBroker({
  ...nodeOptions(node.transporter, node.namespace, node.nodeID),
  heartbeatInterval: 1,
  heartbeatTimeout: 5,
  requestTimeout: 10_000,
  logger: { type: "Console", options: { level: process.env["NODE_LOGS"] ?? "fatal", colors: false } },
});
for (const service of libraryServices(node, sendLine)) broker.createService(service);
process.once("SIGTERM", () => void broker.stop().then(() => process.exit()));
await broker.start();
sendLine("ready");

// A node of the cluster in its own process; it reports the work of its consumers.
// First, so that no module has read the clock before.
import { shiftClock } from "./clock.ts";
import { ServiceBroker } from "moleculer";
import { nodeOptions } from "../faults/multinode/node-options.ts";
import { sendLine } from "../support/send-line.ts";
import type { MoneyNodeOptions } from "./money-node.ts";
import { moneyServices } from "./money-services.ts";

const { carrier, namespace, nodeID, release, ...places } = JSON.parse(process.argv[2]!) as MoneyNodeOptions & {
  release: number;
};
// Files without an option for their path are created here.
process.chdir(places.folder);
const broker = new ServiceBroker({
  ...nodeOptions(carrier, namespace, nodeID),
  heartbeatInterval: 1,
  heartbeatTimeout: 3,
  logger: process.env["CLUSTER_LOGS"] ? { type: "File", options: { folder: process.env["CLUSTER_LOGS"] } } : false,
});
const did = (consumer: string) => sendLine("did", consumer);
for (const service of moneyServices({ ...places, release, did })) broker.createService(service);
broker.createService({
  name: "clock",
  actions: { shift: ({ params }: { params: { ms: number } }) => shiftClock(params.ms) },
});
process.on("SIGTERM", () => void broker.stop().then(() => process.exit(0)));
await broker.start();
sendLine("ready");

// A node of the cluster in a process of its own.
import { ServiceBroker } from "moleculer";
import { nodeOptions } from "../test/faults/multinode/node-options.ts";
import { sharedServices } from "./shared-services.ts";
import type { SharedNodeOptions } from "./stores/shared-node.ts";

const options = JSON.parse(process.argv[2]!) as SharedNodeOptions;
const broker = new ServiceBroker({ ...nodeOptions(options.carrier, "bench", options.nodeID), logger: false });
for (const service of sharedServices(options)) broker.createService(service);
const stop = () => void broker.stop().then(() => process.exit());
process.on("message", stop);
// The measuring process has ended.
process.on("disconnect", stop);
await broker.start();
process.send!("ready");

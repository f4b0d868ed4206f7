// A process that kills itself at a point of its work.
import { ServiceBroker } from "moleculer";
import { v7 } from "uuid";
import { CrashKit, type CrashPoint } from "moleculer-event-sourcing/testing";
import { tallyServices } from "./tally.ts";

const [folder = "", point = ""] = process.argv.slice(2);
const crash = new CrashKit();
const broker = new ServiceBroker({ nodeID: "killed", logger: false });
for (const service of tallyServices(folder, crash)) broker.createService(service);
await broker.start();
crash.at(point as CrashPoint, { after: 3, kill: true });
for (let n = 1; ; n++) await broker.call("tally.add", { n }, { headers: { commandId: v7() } });

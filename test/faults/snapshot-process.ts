// A process that appends, folds and takes snapshots, and reports completed ones, until it is killed.
import { ServiceBroker } from "moleculer";
import type { Manifest } from "moleculer-event-sourcing";
import { sendLine } from "../support/send-line.ts";
import { tallies } from "./tallies.ts";

const [folder = ""] = process.argv.slice(2);
const broker = new ServiceBroker({ nodeID: "killed", logger: false });
broker.createService(tallies(folder));
await broker.start();
sendLine("ready");

async function appendForEver(): Promise<void> {
  const events = Array.from({ length: 20 }, (_, n) => ({ type: "thing.counted", payload: { n } }));
  for (;;) await broker.call("events.append", { stream: "thing-1", events });
}

async function snapshotForEver(): Promise<void> {
  for (;;) {
    const manifest: Manifest = await broker.call("tallies.snapshot", { keep: 3 });
    sendLine(JSON.stringify(manifest));
  }
}

await Promise.all([appendForEver(), snapshotForEver()]);

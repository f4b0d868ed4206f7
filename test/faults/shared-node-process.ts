// A node in its own process that shares log and table with others; it reports the events it receives and handles, and
// its stalls.
import { ServiceBroker } from "moleculer";
import { engines } from "../../adapters/engines.ts";
import { resolveAdapter } from "../../core/adapter.ts";
import { watchedTables } from "../mixins/watched-tables.ts";
import { nodeOptions } from "./multinode/node-options.ts";
import { shiftClock } from "../support/shift-clock.ts";
import { sendLine } from "../support/send-line.ts";
import { bookServices } from "./shared-books.ts";

const [transporter = "", namespace = "", nodeID = "", log = "", table = "", clockAheadMs = "0"] = process.argv.slice(2);
if (clockAheadMs !== "0") shiftClock(Number(clockAheadMs));
const broker = new ServiceBroker({
  ...nodeOptions(transporter, namespace, nodeID),
  heartbeatInterval: 1,
  heartbeatTimeout: 3,
  logger: false,
});
let mayFreeze = false;
const freezing = watchedTables(resolveAdapter(engines, table), (call, when) => {
  if (!mayFreeze || call !== "commit" || when !== "after") return;
  mayFreeze = false;
  sendLine("frozen");
  process.kill(process.pid, "SIGSTOP");
});
for (const service of bookServices({ log, table: freezing, sendLine })) broker.createService(service);
// It freezes itself at the result of its next commit: only the process itself can choose this moment.
broker.createService({ name: "freezer", actions: { freeze: () => void (mayFreeze = true) } });
// A frozen process can detect the freeze only by its clock.
let lookedAt = performance.now();
setInterval(() => {
  const now = performance.now();
  if (now - lookedAt > 2000) sendLine("stalled");
  lookedAt = now;
}, 100);
await broker.start();
sendLine("ready");

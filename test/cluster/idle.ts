// npm run idle -- [seconds]: the cost of three idle nodes: their processor time, and their messages to the log's
// server.
import { once } from "node:events";
import { ServiceBroker } from "moleculer";
import { killChildren, startChild } from "../faults/child.ts";
import { nodeOptions } from "../faults/multinode/node-options.ts";
import { newFolder } from "../support/broker.ts";
import { EngineServer, find, freePort, type Engine } from "../support/engines.ts";
import { natsServers } from "../support/nats-server.ts";
import { pause } from "./fault.ts";
import { postgres, sql } from "../support/postgres-server.ts";

const seconds = Number(process.argv[2] ?? 60);
const nodeIDs = ["n1", "n2", "n3"];
/** Leases have settled after this time. */
const settleMs = 20_000;

const startServer = (engine: Engine) => EngineServer.start(engine, find(engine.program)!);
const carrier = await startServer(natsServers["nats-server without JetStream"]);
const monitor = await freePort();
const withMonitor: Engine = {
  ...natsServers["nats-server"],
  args: (port, folder) => [...natsServers["nats-server"].args(port, folder), "--http_port", String(monitor)],
};

/** The server's requests since its start. */
async function messages(): Promise<Record<string, number>> {
  const answer = await fetch(`http://127.0.0.1:${monitor}/varz`);
  const { in_msgs, out_msgs } = (await answer.json()) as { in_msgs: number; out_msgs: number };
  return { "messages to the server": in_msgs, "messages from it": out_msgs };
}

const transactions = (url: string) => async (): Promise<Record<string, number>> => {
  const counted = "SELECT (xact_commit + xact_rollback)::int AS count FROM pg_stat_database WHERE datname = 'postgres'";
  return { transactions: ((await sql(url, counted)) as { count: number }[])[0]!.count };
};

async function measure(
  engine: string,
  places: (nodeID: string) => { log: string; table: string },
  asked: () => Promise<Record<string, number>>,
): Promise<void> {
  const broker = new ServiceBroker({ ...nodeOptions(carrier.url, "idle", "observer"), logger: false });
  await broker.start();
  for (const nodeID of nodeIDs) {
    const child = startChild(
      "../cluster/idle-node-process.ts",
      JSON.stringify({ carrier: carrier.url, nodeID, ...places(nodeID) }),
    );
    await once(child.lines, "line");
  }
  await broker.waitForServices("things");
  await broker.call("things.begin", { id: "1" });
  await pause(settleMs);
  const look = async () => ({
    at: performance.now(),
    asked: await asked(),
    cpu: await Promise.all(nodeIDs.map((nodeID) => broker.call<NodeJS.CpuUsage, object>("things.cpu", {}, { nodeID }))),
  });
  const before = await look();
  await pause(seconds * 1000);
  const after = await look();
  const passedMs = after.at - before.at;
  const shares = after.cpu.map(({ user, system }, index) => {
    const was = before.cpu[index]!;
    return `${((user + system - was.user - was.system) / passedMs / 10).toFixed(1)} %`;
  });
  const rates = Object.entries(after.asked).map(
    ([what, count]) => `${(((count - before.asked[what]!) / passedMs) * 1000).toFixed(1)} ${what}`,
  );
  console.log(`${engine}: ${rates.join(" and ")} per second; of a core ${shares.join(", ")}`);
  await broker.stop();
  killChildren();
}

const nats = await startServer(withMonitor);
await measure(
  "NATS",
  (nodeID) => {
    const folder = `${newFolder()}/${nodeID}`;
    return { log: `${nats.url}?folder=${folder}`, table: `sqlite:${folder}/` };
  },
  messages,
);
await nats.stop();

const database = await startServer(postgres);
await measure(
  "PostgreSQL",
  () => ({ log: `${database.url}?schema=log`, table: `${database.url}?schema=` }),
  transactions(database.url),
);
await database.stop();
await carrier.stop();

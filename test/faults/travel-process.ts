// A process that appends, while its tables are restored from snapshots and rebuilt, until it is killed.
import { randomInt } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { ServiceBroker } from "moleculer";
import type { Manifest } from "moleculer-event-sourcing";
import { CrashKit, type CrashPoint } from "moleculer-event-sourcing/testing";
import { sendLine } from "../support/send-line.ts";
import { killAt } from "./kill-at.ts";
import { ledgerService, moves } from "./ledger.ts";

const [folder = "", kind = "", where = "", countdown = "1"] = process.argv.slice(2);
const crash = new CrashKit();
if (kind === "point") crash.at(where as CrashPoint, { after: Number(countdown), kill: true });
if (kind === "statement") killAt(new RegExp(where), Number(countdown));
const broker = new ServiceBroker({ nodeID: "killed", logger: false });
broker.createService(ledgerService(folder, kind === "point" ? (adapter) => crash.adapter(adapter) : undefined));

async function appendForEver(): Promise<void> {
  for (;;) {
    const account = randomInt(40);
    const events = moves(account, 10, randomInt(20) === 0);
    await broker.call("ledger.append", { stream: `account-${account}`, events });
    // So that the log stays short enough to be folded again and again.
    await pause(20);
  }
}

let delayMs = Number(countdown);

/** Kills this process during the work; if it ends before, the next delay is half as long. */
function killDuring(work: Promise<unknown>): void {
  const timer = setTimeout(() => process.kill(process.pid, "SIGKILL"), delayMs);
  delayMs /= 2;
  const end = () => clearTimeout(timer);
  work.then(end, end);
}

async function travel(table: string): Promise<void> {
  const taken: Manifest[] = await broker.call(`${table}.snapshots`);
  const snapshotId = taken[randomInt(Math.max(taken.length, 1))]?.id;
  const kinds = ["snapshot", "rebuild", "restore", "replay", ...(kind === "during" ? [where, where] : [])];
  const what = snapshotId ? kinds[randomInt(kinds.length)]! : "snapshot";
  sendLine("begins", what);
  const params = { snapshot: { keep: 3 }, rebuild: {} }[what] ?? { snapshotId };
  try {
    const work = broker.call(`${table}.${what}`, params);
    if (kind === "during" && what === where) killDuring(work);
    await work;
    if (what === "restore") await broker.call(`${table}.resume`);
  } finally {
    sendLine("ends", what);
  }
}

async function travelForEver(table: string): Promise<void> {
  for (;;)
    await travel(table).catch((error: { type?: string }) => {
      // The request of a killed process is still running.
      if (error.type !== "REBUILD_RUNNING") throw error;
      return pause(10);
    });
}

await broker.start();
sendLine("ready");
await Promise.all([appendForEver(), travelForEver("balances"), travelForEver("entries")]);

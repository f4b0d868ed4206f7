// A process that appends with several callers, reports sent and acknowledged events, and folds, until it is killed.
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { ServiceBroker } from "moleculer";
import { v7 } from "uuid";
import { sendLine } from "../support/send-line.ts";
import { killAt } from "./kill-at.ts";
import { ledgerService, poison } from "./ledger.ts";

const [folder = "", callers = "0", unansweredFile = "", statement = "", countdown = "0"] = process.argv.slice(2);
if (statement !== "") killAt(new RegExp(statement), Number(countdown));
const broker = new ServiceBroker({ nodeID: "killed", logger: false });
broker.createService(ledgerService(folder));

async function move(commandId: string, account: number, amount: number): Promise<void> {
  sendLine("sent", commandId, account, amount);
  const event: { position: number; version: number } = await broker.call(
    "accounts.move",
    { account, amount },
    { headers: { commandId } },
  );
  sendLine("acknowledged", commandId, event.position, event.version);
}

async function appendForEver(): Promise<void> {
  for (;;) await move(v7(), randomInt(40), randomInt(200) === 0 ? poison : randomInt(20, 1000));
}

await broker.start();
sendLine("ready");
const unanswered =
  unansweredFile === "" ? [] : (JSON.parse(readFileSync(unansweredFile, "utf8")) as [string, number, number][]);
await Promise.all(unanswered.map(([id, account, amount]) => move(id, account, amount)));
await Promise.all(Array.from({ length: Number(callers) }, appendForEver));
if (callers === "0") setInterval(() => {}, 1000);

// A process of the bank example that transfers money between its accounts until it is killed.
import { randomInt, randomUUID } from "node:crypto";
import { ServiceBroker } from "moleculer";
import accountService from "../../examples/bank/account.service.ts";
import mailService from "../../examples/bank/mail.service.ts";
import transferService from "../../examples/bank/transfer.service.ts";
import { sendLine } from "../support/send-line.ts";
import { accounts, closed } from "./bank.ts";
import { killAt } from "./kill-at.ts";

const [folder = "", statement = "", countdown = "0"] = process.argv.slice(2);
process.chdir(folder);
// Before the stores prepare their statements.
if (statement !== "") killAt(new RegExp(statement), Number(countdown));
const broker = new ServiceBroker({ nodeID: "killed", logger: false });
for (const service of [accountService, mailService, transferService]) broker.createService(service);
await broker.start();
sendLine("ready");

async function transferForEver(): Promise<void> {
  for (;;) {
    const id = randomUUID();
    const from = accounts[randomInt(accounts.length)]!;
    const to = randomInt(5) === 0 ? closed : accounts[randomInt(accounts.length)]!;
    await broker.call("transfer.request", { id, from, to, amount: randomInt(1, 8000) });
    sendLine("requested", id);
    await new Promise((turn) => setTimeout(turn, randomInt(20)));
  }
}

await Promise.all([transferForEver(), transferForEver(), transferForEver()]);

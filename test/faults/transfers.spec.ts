import Database from "better-sqlite3";
import { spawn } from "node:child_process";
import { randomInt } from "../support/chance.ts";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import type { RecordedEvent } from "moleculer-event-sourcing";
import type { BankEvents } from "../../examples/bank/store.ts";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { times } from "../support/times.ts";
import { accounts, closed, initialBalance, openAccounts } from "./bank.ts";
import { eventsIn, processesIn } from "../support/pages.ts";

type BankEvent = { [Type in keyof BankEvents]: RecordedEvent<Type, BankEvents[Type]> }[keyof BankEvents];
type Outcome = "completed" | "failed";

const kills = times(32, 20);
const child = fileURLToPath(new URL("./bank-process.ts", import.meta.url));
const folderBefore = process.cwd();

/** Statements before or after which a process is killed, in turn; in between at any moment. */
const statements = ["^INSERT INTO events", "^COMMIT", "^BEGIN", "^(INSERT INTO|UPDATE) state", "^DELETE FROM state"];

afterEach(async () => {
  await cleanUp();
  process.chdir(folderBefore);
});

/** Starts the bank on the folder and kills it during transfers; returns the accepted transfers. */
async function runUntilKilled(folder: string, statement: string | undefined, met: string[]): Promise<string[]> {
  const args = ["--conditions=moleculer-event-sourcing:source", child, folder];
  if (statement) args.push(statement, String(randomInt(1, 15)));
  const process_ = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise<string | null>((resolve) => process_.once("exit", (_code, signal) => resolve(signal)));
  const kill = () => process_.kill("SIGKILL");
  const requested: string[] = [];
  const enough = randomInt(1, 15);
  for await (const line of createInterface(process_.stdout)) {
    const [what, id = ""] = line.split(" ");
    if (what === "met") met.push(statement!);
    if (what === "requested") requested.push(id);
    // If the statement does not come, the number of transfers decides.
    if (requested.length >= (statement ? 100 : enough)) kill();
  }
  expect(await exited).toBe("SIGKILL");
  return requested;
}

/**
 * Lets leases lapse at once, as after the seconds that the next process would wait: otherwise no kill would interrupt a
 * transfer. Returns the number of transfers in progress.
 */
function letLeasesLapse(folder: string): number {
  const db = new Database(join(folder, "data/bankEventStore.db"));
  db.exec("UPDATE leases SET holder = ''");
  const underWay = db.prepare<[], number>("SELECT count(*) FROM state WHERE key GLOB '*/transfers/process/*'").pluck();
  const found = underWay.get()!;
  db.close();
  return found;
}

async function startBank(): Promise<ServiceBroker> {
  const modules = await Promise.all([
    import("../../examples/bank/account.service.ts"),
    import("../../examples/bank/mail.service.ts"),
    import("../../examples/bank/transfer.service.ts"),
  ]);
  return startBroker(modules.map((module: { default: ServiceSchema }) => module.default));
}

async function readLog(broker: ServiceBroker): Promise<BankEvent[]> {
  const events: BankEvent[] = [];
  for (let page: BankEvent[]; ; events.push(...page)) {
    page = await eventsIn(broker.call("bankEventStore.read", { after: events.at(-1)?.position ?? 0, limit: 5000 }));
    if (page.length === 0) return events;
  }
}

/** Each transfer's end and movements, from the log. */
function transfersIn(log: readonly BankEvent[]) {
  const transfers = new Map<string, { ends: Outcome[]; out: number; in: number; amount: number }>();
  for (const event of log) {
    const { payload } = event;
    if (!("transfer" in payload) || !payload.transfer) continue;
    const found = transfers.get(payload.transfer) ?? { ends: [], out: 0, in: 0, amount: 0 };
    transfers.set(payload.transfer, found);
    if (event.type === "transfer.requested") found.amount = event.payload.amount;
    if (event.type === "transfer.completed") found.ends.push("completed");
    if (event.type === "transfer.failed") found.ends.push("failed");
    if (event.type === "account.withdrawn") found.out += event.payload.amount;
    if (event.type === "account.deposited") found.in += event.payload.amount;
  }
  return transfers;
}

function balancesIn(log: readonly BankEvent[]): Map<string, number> {
  const balances = new Map<string, number>();
  for (const { stream, type, payload } of log) {
    const sign = type === "account.deposited" ? 1 : type === "account.withdrawn" ? -1 : 0;
    if (sign === 0 || !("amount" in payload)) continue;
    const id = stream.slice("account-".length);
    balances.set(id, (balances.get(id) ?? 0) + sign * payload.amount);
  }
  return balances;
}

describe("Transfers in a bank that is killed with SIGKILL again and again", () => {
  it(`are completed or undone, and no money is made or lost, ${kills} times`, async () => {
    const folder = newFolder();
    process.chdir(folder);
    const first = await startBank();
    await openAccounts(first);
    await first.stop();

    const requested: string[] = [];
    const met: string[] = [];
    let interrupted = 0;
    for (let run = 0; run < kills; run++) {
      const statement = run % 2 === 0 ? undefined : statements[run % statements.length];
      requested.push(...(await runUntilKilled(folder, statement, met)));
      if (letLeasesLapse(folder) > 0) interrupted++;
    }
    expect(interrupted).toBeGreaterThan(0);
    expect([...new Set(met)].toSorted()).toEqual(statements.toSorted());

    const broker = await startBank();
    await eventually(async () => {
      expect(await processesIn(broker.call("transfers.processes"))).toEqual([]);
      expect(await broker.call("transfers.status")).toMatchObject({ lag: 0, parked: 0, state: "live" });
    }, 120_000);
    const log = await readLog(broker);
    const transfers = transfersIn(log);
    const found: Record<Outcome, number> = { completed: 0, failed: 0 };
    let refunded = 0;
    for (const id of requested) expect(transfers.has(id)).toBe(true);
    for (const { ends, out, in: into, amount } of transfers.values()) {
      expect(ends).toHaveLength(1);
      const [end] = ends;
      found[end!]++;
      // Withdrawn once or never; deposited exactly if it was completed.
      expect([0, amount]).toContain(out);
      expect(into).toBe(end === "completed" ? amount : 0);
      expect(out).toBeGreaterThanOrEqual(into);
      if (end === "failed" && out > 0) refunded++;
    }
    // Otherwise no transfer was interrupted.
    expect(found.completed).toBeGreaterThan(0);
    expect(refunded).toBeGreaterThan(0);

    const balances = balancesIn(log);
    for (const balance of balances.values()) expect(balance).toBeGreaterThanOrEqual(0);
    expect([...balances.values()].reduce((sum, balance) => sum + balance, 0)).toBe(accounts.length * initialBalance);
    expect(balances.get(closed)).toBeUndefined();
    await caughtUp(broker, "accounts");
    for (const id of accounts) {
      const expected = { balance: balances.get(id) };
      expect(await broker.call("accounts.get", { id })).toMatchObject(expected);
      expect(await broker.call("account.state", { id })).toMatchObject({ state: expected });
    }
    const streams = new Map<string, number>();
    for (const { stream, version } of log) {
      expect(version).toBe((streams.get(stream) ?? 0) + 1);
      streams.set(stream, version);
    }
  }, 300_000);
});

import { randomInt } from "../support/chance.ts";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { ServiceBroker } from "moleculer";
import type { Manifest, ParkedEvent, RecordedEvent } from "moleculer-event-sourcing";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { times } from "../support/times.ts";
import { killChildren, startChild } from "./child.ts";
import { ledgerService, moves, plainLedger, type Moved } from "./ledger.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

type MovedEvent = RecordedEvent<"account.moved", Moved>;

const tables = ["balances", "entries"] as const;
const accounts = 40;
const kinds = ["rebuild", "replay", "restore", "snapshot"];

/** When to kill a process: at a random moment, at a crash point or around a statement, or during work of a kind. */
type Moment = [] | ["point" | "statement" | "during", string];

const moments: Moment[] = [
  ["point", "built"],
  ["statement", "^UPDATE live SET generation"],
  ["point", "backed up"],
  ["statement", "^UPDATE checkpoint SET request_id"],
  ["point", "switched"],
  ["statement", "^INSERT INTO checkpoint"],
  ["statement", "state"],
];

afterEach(async () => {
  killChildren();
  await cleanUp();
});

/** Starts a process on the folder and kills it; returns the work that it had started and not completed. */
async function runUntilKilled(folder: string, moment: Moment): Promise<string[]> {
  const isTimed = moment.length === 0;
  const isDuring = moment[0] === "during";
  // During work: milliseconds after its start. Otherwise the n-th time.
  const when = isTimed ? [] : [...moment, String(isDuring ? randomInt(50) : randomInt(1, 4))];
  const { lines, exited, kill } = startChild("./travel-process.ts", folder, ...when);
  const early = isTimed && randomInt(6) === 0 ? setTimeout(kill, randomInt(300, 900)) : undefined;
  const begun: string[] = [];
  let ends = 0;
  for await (const line of lines) {
    const [what, kind = ""] = line.split(" ");
    if (what === "ready" && isTimed) setTimeout(kill, randomInt(1, 500));
    if (what === "begins") begun.push(kind);
    if (what === "ends") begun.splice(begun.indexOf(kind), 1);
    // Does not wait longer for a point or a statement that has not come in so much work.
    if (what === "ends" && !isDuring && ++ends === 12) kill();
  }
  clearTimeout(early);
  expect(await exited).toBe("SIGKILL");
  return begun;
}

async function readLog(broker: ServiceBroker): Promise<MovedEvent[]> {
  const events: MovedEvent[] = [];
  for (let page: MovedEvent[]; ; events.push(...page)) {
    page = await eventsIn(broker.call("ledger.read", { after: events.at(-1)?.position ?? 0, limit: 5000 }));
    if (page.length === 0) return events.filter(({ type }) => type === "account.moved");
  }
}

/** Asked stream by stream: one answer lists at most 1000 waiting events. */
async function parkedIn(broker: ServiceBroker, table: string): Promise<ParkedEvent[]> {
  const parked: ParkedEvent[] = [];
  for (let account = 0; account < accounts; account++)
    parked.push(...(await eventsIn<ParkedEvent>(broker.call(`${table}.parked`, { stream: `account-${account}` }))));
  return parked.toSorted((one, other) => one.position - other.position);
}

/** Expects requests to end, the tables to match the log, and no other remains. */
async function expectWhole(folder: string): Promise<void> {
  const broker = await startBroker([ledgerService(folder)], { nodeID: "killed" });
  for (const table of tables)
    await eventually(async () => expect(await broker.call(`$${table}.building`, {}, spoken)).toBeNull());
  const plain = plainLedger(await readLog(broker));
  const kept = new Map<string, string[]>();
  for (const table of tables) {
    await broker.call(`${table}.resume`);
    await caughtUp(broker, table);
    const rows: { id: string }[] = await broker.call(`${table}.find`);
    expect(new Map(rows.map((row) => [row.id, row]))).toEqual(plain[table]);
    expect((await parkedIn(broker, table)).map(({ id }) => id)).toEqual(plain.parked);
    expect(await broker.call(`${table}.verify`)).toMatchObject({ ok: true, total: 0, rows: rows.length });
    expect(await broker.call(`${table}.status`)).toMatchObject({ state: "live", reordered: false, rebuilding: null });
    const place = join(folder, `${table}/snapshots`);
    const inPlace = () => (existsSync(place) ? readdirSync(place).toSorted() : []);
    await eventually(async () => {
      const listed: Manifest[] = await broker.call(`${table}.snapshots`);
      expect(inPlace()).toEqual(listed.map(({ id }) => id));
    });
    kept.set(table, inPlace());
  }
  await broker.stop();
  for (const table of tables) {
    expect(readdirSync(join(folder, table)).toSorted()).toEqual([
      expect.stringMatching(/^\d+\.db$/),
      "live.db",
      // Of a table whose process was killed before its first snapshot there is no such folder.
      ...(existsSync(join(folder, `${table}/snapshots`)) ? ["snapshots"] : []),
    ]);
    for (const id of kept.get(table)!)
      expect(readdirSync(join(folder, `${table}/snapshots`, id)).toSorted()).toEqual([
        "manifest.json",
        "recorded",
        "table",
      ]);
  }
}

async function fill(folder: string): Promise<void> {
  const broker = await startBroker([ledgerService(folder)], { nodeID: "killed" });
  for (let account = 0; account < accounts; account++)
    await broker.call("ledger.append", { stream: `account-${account}`, events: moves(account, 40, account === 7) });
  await broker.stop();
}

/** Kills repeatedly and checks after each kill; sometimes the process that recovers is killed, too. */
async function killOften(times: number, momentOf: (run: number) => Moment): Promise<string[]> {
  const folder = newFolder();
  await fill(folder);
  const interrupted: string[] = [];
  for (let run = 1; run <= times; run++) {
    interrupted.push(...(await runUntilKilled(folder, momentOf(run))));
    if (run % 5 === 0) interrupted.push(...(await runUntilKilled(folder, momentOf(run + 1))));
    await expectWhole(folder);
  }
  return interrupted;
}

/** On each of two tracks; fewer would not include each kind and moment. */
const kills = times(21, 12);

describe("A process killed with SIGKILL while its tables are restored and rebuilt", () => {
  it(`leaves tables that verify, nothing half and no order that is stuck, ${2 * kills} times`, async () => {
    // Concurrently, each in its own folder, since most of the time is waiting for a process to start.
    const tracks = await Promise.allSettled([
      killOften(kills, (run) => (run % 3 ? [] : ["during", kinds[(run / 3) % kinds.length]!])),
      killOften(kills, (run) => moments[run % moments.length]!),
    ]);
    const interrupted = tracks.map((track) => {
      if (track.status === "rejected") throw track.reason;
      return track.value;
    });
    // A kind of work that no kill interrupted would not be tested.
    expect([...new Set(interrupted.flat())].toSorted()).toEqual(kinds);
  });
});

import { setTimeout as delay } from "node:timers/promises";
import Database from "better-sqlite3";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import { parseFields } from "../../core/rows/fields.ts";
import { appendTo, stored } from "../../testing/event-log/requests.ts";
import { cleanUp, newFolder } from "../support/broker.ts";
import { leastGap } from "../support/longest-gap.ts";

const fields = parseFields("table", { name: "string" });
const unavailable = { type: "STORE_UNAVAILABLE", code: 503, retryable: true };

let folder: string;
let log: SqliteEventLog;
let table: SqliteReadTable;
let other: Database.Database | undefined;

beforeEach(async () => {
  folder = newFolder();
  log = new SqliteEventLog(`${folder}/log.db`);
  table = new SqliteReadTable(`${folder}/table.db`);
  await log.open();
  await table.open(fields);
});

afterEach(async () => {
  other?.close();
  await log.close();
  await table.close();
  await cleanUp();
});

/** Locks the file, like a backup or a console in another process. */
function lock(file: string): void {
  other = new Database(`${folder}/${file}`, { timeout: 0 });
  other.exec("BEGIN IMMEDIATE");
}

const unlock = () => other!.exec("ROLLBACK");

describe("A log whose write lock another process holds", () => {
  beforeEach(() => lock("log.db"));

  it("stores in the order of the calls when the lock is free again", async () => {
    const appends = Array.from({ length: 5 }, (_, n) => log.append([appendTo(`stream-${n}`)]));
    const state = log.control.put("key", "value", 0);
    const lease = log.control.acquireLease("lease", "holder", 10_000);
    const begun = log.claims.begin("scope", "definition", ["type"]);
    await new Promise((turn) => setImmediate(turn));
    unlock();
    const positions = (await Promise.all(appends)).map(([verdict]) => stored(verdict)[0]!.position);
    expect(positions).toEqual([1, 2, 3, 4, 5]);
    expect(await state).toBe(1);
    expect(await lease).toMatchObject({ lease: { name: "lease", epoch: 1 } });
    // It began behind the appends.
    expect(await begun).toMatchObject({ unfolded: 5 });
    expect(await log.links.add("links", [(await log.read({ after: 0, limit: 1 })).events[0]!.id])).toMatchObject({
      version: 1,
    });
  });

  it("refuses with 503 after a while, all that were called alike, and reads go on", async () => {
    const attempts = Array.from({ length: 5 }, (_, n) => log.append([appendTo(`stream-${n}`)]));
    expect(await log.head()).toBe(0);
    const outcomes = await Promise.allSettled([...attempts, log.control.put("key", 1, 0)]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: "rejected", reason: unavailable });
    unlock();
    expect(stored((await log.append([appendTo("stream-1")]))[0])).toMatchObject([{ position: 1 }]);
  });

  it("does not hold the event loop", async () => {
    const gaps = await leastGap(() =>
      Promise.allSettled(Array.from({ length: 5 }, (_, n) => log.append([appendTo(`stream-${n}`)]))),
    );
    expect(gaps.exceeds(50)).toBe(false);
  });

  it("can be closed while appends wait", async () => {
    const append = Promise.allSettled([log.append([appendTo("stream-1")])]);
    await delay(1);
    await log.close();
    expect(await append).toMatchObject([{ status: "rejected", reason: unavailable }]);
  });
});

describe("A table whose write lock another process holds", () => {
  const progress = { position: 1, folded: 1, positionId: "1", reordered: false, log: "log" };

  beforeEach(() => lock("table/1.db"));

  it("begins a batch when the lock is free again", async () => {
    const begun = table.live().begin();
    expect(begun).toBeInstanceOf(Promise);
    unlock();
    const batch = await begun;
    batch.apply([{ operation: "create", id: "1", values: { name: "Ann" } }]);
    batch.commit(progress);
    expect(await table.live().progress()).toEqual(progress);
  });

  it("refuses a batch with 503 after a while, and holds the event loop for none of it", async () => {
    const gaps = await leastGap(async () => {
      const [outcome] = await Promise.allSettled([table.live().begin()]);
      expect(outcome).toMatchObject({ status: "rejected", reason: unavailable });
    });
    expect(gaps.exceeds(50)).toBe(false);
    unlock();
    (await table.live().begin()).commit(progress);
    expect(await table.live().progress()).toEqual(progress);
  });
});

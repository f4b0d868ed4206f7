import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { everything } from "../../testing/event-log/log-fixture.ts";
import { cleanUp, newFolder } from "../support/broker.ts";
import { randomInt } from "../support/chance.ts";
import { times } from "../support/times.ts";
import { killChildren, startChild } from "./child.ts";

let folder: string;
let file: string;
/** Acknowledged event ids, by position. */
let acknowledged: Map<number, string>;
let backups: number;

beforeEach(() => {
  folder = newFolder();
  file = `${folder}/data/events.db`;
  acknowledged = new Map();
  backups = 0;
});

afterEach(async () => {
  killChildren();
  await cleanUp();
});

const stash = () => `${folder}/stash`;

/** Moves a file away, to be moved back after the fault was noticed. */
const takeAway = (path: string) => renameSync(path, stash());

interface Fault {
  does: () => void;
  heals: () => void;
  /** The reaction of a running host, and of one that is started after a kill. */
  running: "refused" | "hosted";
  started: "refused" | "hosted";
}

const replaced = (path: () => string, by: (path: string) => void): Fault => ({
  does: () => {
    takeAway(path());
    by(path());
  },
  heals: () => renameSync(stash(), path()),
  running: "refused",
  started: "refused",
});

const database = () => file;
const wal = () => `${file}-wal`;

const faults: Record<string, Fault> = {
  none: { does: () => {}, heals: () => {}, running: "hosted", started: "hosted" },
  "the file is removed": replaced(database, () => {}),
  "the file is emptied": replaced(database, (path) => writeFileSync(path, "")),
  "the file is a foreign one": replaced(database, (path) => writeFileSync(path, "a diary".repeat(1000))),
  "the file is an older copy": replaced(database, (path) =>
    copyFileSync(`${folder}/backup-${randomInt(backups)}.db`, path),
  ),
  "the -wal is a foreign one": replaced(wal, (path) => writeFileSync(path, "a diary".repeat(1000))),
  // Nothing is left, so a new log is created.
  "the folder is emptied": {
    does: () => {
      renameSync(`${folder}/data`, stash());
      mkdirSync(`${folder}/data`);
    },
    heals: () => {
      rmSync(`${folder}/data`, { recursive: true });
      renameSync(stash(), `${folder}/data`);
    },
    running: "refused",
    started: "hosted",
  },
  // The next host creates another lock.
  "the lock is removed": {
    does: () => takeAway(`${file}.lock`),
    heals: () => rmSync(stash()),
    running: "refused",
    started: "hosted",
  },
};

/** Runs a host from its start until it is refused, or has acknowledged this many appends and is killed. */
async function life(appends: number, underWay?: Fault): Promise<{ began: string; head: number; refused: boolean }> {
  const { lines, exited, kill } = startChild("./moved-files-process.ts", file);
  let began = "";
  let head = 0;
  let refused = false;
  let left = appends;
  for await (const line of lines) {
    const [what = "", first = "", position] = line.split(" ");
    began ||= what;
    if (what === "hosted") head = Number(first);
    if (what === "refused") {
      if (first !== "UNUSABLE_STORE") throw new Error(line);
      refused = true;
      kill();
    }
    if (what !== "acknowledged") continue;
    acknowledged.set(Number(position), first);
    if (--left > 0) continue;
    if (left === 0) underWay?.does();
    if (!underWay || underWay.running === "hosted") kill();
  }
  expect(await exited).toBe("SIGKILL");
  return { began, head, refused };
}

/** Checks that every acknowledged event is there, and no event twice. */
async function check(): Promise<void> {
  const log = new SqliteEventLog(file);
  await log.open();
  try {
    const events = await everything(log);
    events.forEach(({ position }, index) => expect(position).toBe(index + 1));
    for (const [position, id] of acknowledged)
      if (events[position - 1]?.id !== id) throw new Error(`acknowledged at ${position}, and lost: ${id}`);
    if (backups < 10 || randomInt(5) === 0) await log.backup(`${folder}/backup-${backups++}.db`);
  } finally {
    await log.close();
  }
}

describe("A log whose -wal is removed after a kill", () => {
  it(`is refused until it is put back, and loses nothing where its content was moved, ${times(20)} times`, async () => {
    await life(10);
    await check();
    for (let run = 0; run < times(20, 2); run++) {
      // So few that none of them is in the main file yet.
      await life(randomInt(1, 50));
      takeAway(wal());
      expect((await life(1)).began).toBe("refused");
      rmSync(`${file}-wal`, { force: true });
      rmSync(`${file}-shm`, { force: true });
      renameSync(stash(), wal());
      // The last program to close a database moves the -wal into it, and removes it.
      if (run % 2 === 1) {
        const db = new Database(file);
        db.prepare("SELECT count(*) FROM events").get();
        db.close();
        if (existsSync(wal())) throw new Error("the -wal is still there");
      }
      await check();
    }
  });
});

describe("A log whose files are removed, replaced or emptied", () => {
  it(`is never begun anew in silence between two lives of its host, ${times(100)} times`, async () => {
    await life(10);
    await check();
    const met = new Set<string>();
    for (let run = 0; run < times(100, Object.keys(faults).length); run++) {
      const [name, fault] = Object.entries(faults)[run % Object.keys(faults).length]!;
      const last = Math.max(...acknowledged.keys());
      const { head, refused } = await life(randomInt(1, 200));
      expect([head >= last, refused]).toEqual([true, false]);
      const before = new Map(acknowledged);
      fault.does();
      const { began } = await life(1);
      met.add(name);
      expect([name, began]).toEqual([name, fault.started]);
      // Events that another log has acknowledged do not count for this one.
      if (name === "the folder is emptied") acknowledged = before;
      fault.heals();
      await check();
    }
    expect(met.size).toBe(Object.keys(faults).length);
  });

  it(`acknowledges nothing into the void while its host runs, ${times(100)} times`, async () => {
    await life(10);
    await check();
    for (let run = 0; run < times(100, Object.keys(faults).length); run++) {
      const [name, fault] = Object.entries(faults)[run % Object.keys(faults).length]!;
      const { refused } = await life(randomInt(1, 200), fault);
      expect([name, refused]).toEqual([name, fault.running === "refused"]);
      fault.heals();
      await check();
    }
  });
});

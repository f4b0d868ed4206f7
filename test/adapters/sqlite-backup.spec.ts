import type { AppendRequest } from "../../core/log/append-request.ts";
import { readdirSync, readFileSync, statSync } from "node:fs";
import type Database from "better-sqlite3";
import { Backup } from "../../adapters/sqlite/log-backup.ts";
import { openDatabase } from "../../adapters/sqlite/database.ts";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { logSchema } from "../../adapters/sqlite/event-schema.ts";
import { HostFile } from "../../adapters/sqlite/host-file.ts";
import { LogFile } from "../../adapters/sqlite/log-file.ts";
import { OpenFiles } from "../../adapters/sqlite/open-files.ts";
import { appendTo, many } from "../../testing/event-log/requests.ts";
import { changeHistory } from "../support/change-history.ts";
import { cleanUp, newFolder, refusal } from "../support/broker.ts";

let folder: string;
let file: string;
let db: Database.Database;
let log: LogFile;

beforeEach(() => {
  folder = newFolder();
  file = `${folder}/x.db`;
  db = openDatabase(file, logSchema, { synchronous: "NORMAL" });
  db.prepare("INSERT INTO about VALUES ('identity', 'one')").run();
  const host = new HostFile(`${file}.lock`, file);
  log = new LogFile(db, host, new OpenFiles({ database: file, lock: host.path }, null, ""));
});

afterEach(async () => {
  db.close();
  log.host.close();
  await cleanUp();
});

const autocheckpoint = () => db.pragma("wal_autocheckpoint", { simple: true });
const copies = () => readdirSync(folder).filter((name) => !name.startsWith("x.db"));

const commit = (requests: readonly AppendRequest[]) => log.transact(() => log.decide(requests));

describe("A backup of a SQLite log", () => {
  it("is one file, marked as a log", async () => {
    commit([appendTo("a", many(10))]);
    const { bytes } = await new Backup(file, log).run(`${folder}/copy.db`);
    expect(copies()).toEqual(["copy.db"]);
    const content = readFileSync(`${folder}/copy.db`);
    expect(content).toHaveLength(bytes);
    expect(content.readUInt32BE(68)).toBe(logSchema.applicationId);
    const copy = new SqliteEventLog(`${folder}/copy.db`);
    await copy.open();
    expect(await copy.identity()).toBe("one");
    await copy.close();
  });

  it("takes the checkpoint that it held up upon itself: none falls on an append", async () => {
    commit([appendTo("a", many(100, { payload: "x".repeat(10_000) }))]);
    // As if all events had been appended during the copy.
    db.pragma("wal_autocheckpoint = 0");
    commit([appendTo("a", many(1500, { payload: "x".repeat(10_000) }))]);
    db.pragma("wal_autocheckpoint = 1000");
    const before = statSync(file).size;
    let during = -1;
    const state = { isDone: false };
    const backup = new Backup(file, log).run(`${folder}/copy.db`).finally(() => (state.isDone = true));
    while (!state.isDone) {
      if (autocheckpoint() === 0) during = 0;
      await new Promise((turn) => setImmediate(turn));
    }
    expect(during).toBe(0);
    expect(autocheckpoint()).toBe(1000);
    expect((await backup).position).toBe(1600);
    expect(statSync(file).size).toBeGreaterThan(before + 1400 * 10_000);
  });

  it("of a damaged log is refused, and leaves nothing; the log goes on as before", async () => {
    commit([appendTo("a", many(5)), appendTo("b", many(2))]);
    const backedUp = () => new Backup(file, log).run(`${folder}/copy.db`);
    for (const [damage, message] of [
      ["UPDATE events SET version = 9 WHERE position = 5", "versions have a gap: found a, expected undefined"],
      ["DELETE FROM events WHERE position = 3", "number of events: found 6, expected 7"],
      ["DELETE FROM events WHERE position = 1", "first position: found 2, expected 1"],
      ["UPDATE about SET value = 'another'", "identity: found another, expected one"],
    ] as const) {
      changeHistory(db, damage);
      const error = await refusal(backedUp);
      expect(error).toMatchObject({ type: "UNUSABLE_STORE", code: 500 });
      expect(error.message).toContain(message);
      expect(copies()).toEqual([]);
      expect(autocheckpoint()).toBe(1000);
    }
    commit([appendTo("c")]);
  });

  it("that is ended leaves nothing, and reports its end", async () => {
    commit([appendTo("a", many(1600, { payload: "x".repeat(10_000) }))]);
    const backup = new Backup(file, log);
    const running = refusal(() => backup.run(`${folder}/copy.db`));
    await backup.abort();
    expect(await running).toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
    expect(copies()).toEqual([]);
    expect(autocheckpoint()).toBe(1000);
  });
});

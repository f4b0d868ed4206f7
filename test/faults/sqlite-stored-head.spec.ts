import { copyFileSync, existsSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { headPath } from "../../adapters/sqlite/stored-head.ts";
import { appended, appendTo } from "../../testing/event-log/requests.ts";
import { cleanUp, newFolder, refusal } from "../support/broker.ts";
import { hostElsewhere, killHosts } from "../adapters/sqlite-child.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = newFolder();
  file = `${folder}/events.db`;
});

afterEach(async () => {
  await killHosts();
  await cleanUp();
});

/** A host has stored five events, and was killed. */
async function killed(): Promise<void> {
  const host = await hostElsewhere("log", file, 5);
  expect(host.said).toBe("hosted");
  await host.kill();
}

async function started(): Promise<number> {
  const log = new SqliteEventLog(file);
  await log.open();
  const head = await log.head();
  await log.close();
  return head;
}

const missing = { type: "UNUSABLE_STORE", message: expect.stringMatching(/up to position 0, expected 5/) as string };

describe("A log whose host was killed", () => {
  it.each([
    ["removed", () => rmSync(`${file}-wal`)],
    ["emptied", () => truncateSync(`${file}-wal`, 0)],
    ["cut", () => truncateSync(`${file}-wal`, 4000)],
  ])("is refused where its -wal was %s, and hosted when that is put back", async (_, fault) => {
    await killed();
    copyFileSync(`${file}-wal`, `${folder}/wal`);
    fault();
    expect(await refusal(started)).toMatchObject(missing);
    expect(await refusal(started)).toMatchObject(missing);
    rmSync(`${file}-wal`, { force: true });
    rmSync(`${file}-shm`, { force: true });
    renameSync(`${folder}/wal`, `${file}-wal`);
    expect(await started()).toBe(5);
  });

  it("is hosted without its -wal where the note of its head was removed", async () => {
    await killed();
    rmSync(`${file}-wal`);
    expect((await refusal(started)).message).toContain(`remove ${headPath(file)}`);
    rmSync(headPath(file));
    expect(await started()).toBe(0);
  });

  it("is hosted where another program has moved the -wal into the file", async () => {
    await killed();
    const db = new Database(file);
    expect(db.prepare("SELECT count(*) FROM events").pluck().get()).toBe(5);
    db.close();
    expect(existsSync(`${file}-wal`)).toBe(false);
    expect(await started()).toBe(5);
  });

  it("is hosted where the note is none", async () => {
    for (const note of ["", "a diary", "null", '{"head":99}']) {
      await killed();
      writeFileSync(headPath(file), note);
      expect(await started()).toBeGreaterThan(0);
    }
  });
});

describe("A log in whose place a backup was put", () => {
  const put = {
    "by the store's backup": async () => {
      const log = new SqliteEventLog(file);
      await log.open();
      await log.backup(`${folder}/backup.db`);
      await appended(log, appendTo("a"));
      await log.close();
      copyFileSync(`${folder}/backup.db`, file);
    },
    "by a copy of the file in the life of its host": async () => {
      const log = new SqliteEventLog(file);
      await log.open();
      const db = new Database(file);
      db.exec(`VACUUM INTO '${folder}/backup.db'`);
      db.close();
      await appended(log, appendTo("a"));
      await log.close();
      rmSync(file);
      renameSync(`${folder}/backup.db`, file);
    },
  };

  it.each(Object.entries(put))("is hosted: %s", async (_, restore) => {
    await killed();
    await restore();
    expect(await started()).toBe(5);
  });

  it("is hosted under another name", async () => {
    await killed();
    rmSync(`${file}-wal`);
    renameSync(file, `${folder}/other.db`);
    file = `${folder}/other.db`;
    expect(await started()).toBe(0);
  });
});

describe("A log without a flush at each commit", () => {
  it("notes no head, since a power cut may lose what was noted", async () => {
    const log = new SqliteEventLog(file, { durability: "process" });
    await log.open();
    await appended(log, appendTo("a"));
    expect(existsSync(headPath(file))).toBe(false);
    await log.close();
  });
});

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
} from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { jest } from "@jest/globals";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import { parseFields } from "../../core/rows/fields.ts";
import { cleanUp, newFolder, refusal } from "../support/broker.ts";
import { appendTo, ask } from "../../testing/event-log/requests.ts";
import { openFilesBelow } from "./open-files.ts";

const otherProcess = fileURLToPath(new URL("./sqlite-process.ts", import.meta.url));
const fields = parseFields("table", { name: "string" });

const opened: { close(): Promise<void> }[] = [];
const children: ChildProcess[] = [];

let folder: string;

beforeEach(() => {
  folder = newFolder();
});

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  for (const child of children.splice(0)) await killed(child);
  await cleanUp();
});

function newLog(file: string): SqliteEventLog {
  const log = new SqliteEventLog(file);
  opened.push(log);
  return log;
}

async function openLog(file: string): Promise<SqliteEventLog> {
  const log = newLog(file);
  await log.open();
  return log;
}

async function openTable(file: string): Promise<SqliteReadTable> {
  const table = new SqliteReadTable(file);
  opened.push(table);
  await table.open(fields);
  return table;
}

const engines = { log: openLog, table: openTable };
const kinds = ["log", "table"] as const;
type Kind = (typeof kinds)[number];

const handles = () => openFilesBelow(folder);

/** Expects opening to fail with a clear error, to leave nothing open, and not to change the faulty file. */
async function unusable(kind: "log" | "table", file: string, atFault = file): Promise<string> {
  const content = () => (existsSync(atFault) && statSync(atFault).isFile() ? readFileSync(atFault, "latin1") : null);
  const before = content();
  const error = await refusal(() => engines[kind](file));
  expect(error).toMatchObject({ name: "UnusableStoreError", code: 500, type: "UNUSABLE_STORE", retryable: false });
  expect(error.message).toContain(folder);
  expect(error.data).toEqual({ location: expect.stringContaining(folder), why: expect.any(String) });
  expect(handles()).toEqual([]);
  expect(content() === before).toBe(true);
  return error.message;
}

/** Starts another process that hosts the file; returns its first message. */
async function host(kind: "log" | "table", file: string): Promise<{ child: ChildProcess; said: unknown }> {
  const child = spawn(process.execPath, [otherProcess, kind, file], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout }))
    return { child, said: JSON.parse(line) as unknown };
  throw new Error("the other process said nothing");
}

/** Kills the process and waits for its end. */
async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

describe.each(kinds)("A %s", (kind) => {
  /** The file that is opened first. */
  const fileOf = (of: Kind) => (of === "log" ? `${folder}/x.db` : `${folder}/x/live.db`);

  beforeEach(() => {
    mkdirSync(`${folder}/x`);
  });

  const contents = {
    text: "this is a diary, dear diary, and no database at all; it is long enough for a header".repeat(20),
    "a short text": "no database",
    bytes: Buffer.alloc(8192, 0xab),
  };

  it.each(Object.entries(contents))("never takes a file of %s for its own", async (_, content) => {
    writeFileSync(fileOf(kind), content);
    expect(await unusable(kind, `${folder}/x.db`, fileOf(kind))).toContain("found a file that is no SQLite database");
  });

  it("never takes another program's database for its own", async () => {
    const db = new Database(fileOf(kind));
    db.exec("CREATE TABLE customers (name TEXT); INSERT INTO customers VALUES ('ann')");
    db.close();
    expect(await unusable(kind, `${folder}/x.db`, fileOf(kind))).toContain(
      "found a database of another program or purpose",
    );
  });

  it("never takes another program's database for its own, also while it has no table yet", async () => {
    const db = new Database(fileOf(kind));
    db.pragma("application_id = 1234");
    db.close();
    expect(await unusable(kind, `${folder}/x.db`, fileOf(kind))).toContain("application id 1234");
  });

  it("never takes the file of the other kind for its own", async () => {
    const other = kind === "log" ? "table" : "log";
    await (await engines[other](`${folder}/x.db`)).close();
    renameSync(fileOf(other), fileOf(kind));
    expect(await unusable(kind, `${folder}/x.db`, fileOf(kind))).toContain(
      "found a database of another program or purpose",
    );
  });

  it.each([0, -1])("is not opened with tables and without the version of a schema: %d", async (version) => {
    await (await engines[kind](`${folder}/x.db`)).close();
    const file = kind === "log" ? `${folder}/x.db` : `${folder}/x/1.db`;
    const db = new Database(file);
    db.pragma(`user_version = ${version}`);
    db.close();
    expect(await unusable(kind, `${folder}/x.db`, file)).toContain(
      `${file}: found an unfinished schema (version ${version} with `,
    );
  });

  it("is not opened where a newer version wrote it", async () => {
    await (await engines[kind](`${folder}/x.db`)).close();
    const file = kind === "log" ? `${folder}/x.db` : `${folder}/x/1.db`;
    const db = new Database(file);
    const version = db.pragma("user_version", { simple: true }) as number;
    db.pragma(`user_version = ${version + 1}`);
    db.close();
    expect(await unusable(kind, `${folder}/x.db`, file)).toContain(
      `${file}: written by a newer version of moleculer-event-sourcing: schema version: found ${version + 1}, expected at most ${version}`,
    );
  });

  it("is not opened where a newer version wrote its lock file", async () => {
    await (await engines[kind](`${folder}/x.db`)).close();
    const file = kind === "log" ? `${folder}/x.db.lock` : `${folder}/x/live.db`;
    const db = new Database(file);
    db.pragma("user_version = 2");
    db.close();
    expect(await unusable(kind, `${folder}/x.db`, file)).toContain(
      `${file}: written by a newer version of moleculer-event-sourcing: format of hostFile: found 2, expected 1`,
    );
  });

  it("is not opened if a folder is in its place", async () => {
    mkdirSync(fileOf(kind));
    expect(await unusable(kind, `${folder}/x.db`)).toContain("cannot be opened");
  });

  it("is not opened where its folder cannot be created", async () => {
    writeFileSync(`${folder}/file`, "");
    expect(await unusable(kind, `${folder}/file/deeper/x.db`)).toContain("cannot be opened (ENOTDIR)");
    expect(await unusable(kind, `${folder}/file/x.db`)).toContain("cannot be opened");
  });

  it("is not opened where its name is too long for the disk", async () => {
    expect(await unusable(kind, `${folder}/${"x".repeat(300)}.db`)).toContain("cannot be opened");
  });

  it("creates the folders that are missing", async () => {
    await engines[kind](`${folder}/a/b c/x.db`);
    expect(existsSync(`${folder}/a/b c/${kind === "log" ? "x.db" : "x/1.db"}`)).toBe(true);
  });

  it("is not opened beside another whose name differs by case alone", async () => {
    for (const [name, other] of [
      ["villas.db", "Villas.db"],
      ["é.db", "É.db"],
      ["o\u0308.db", "\u00f6.db"],
    ])
      for (const closes of [true, false]) {
        const place = `${folder}/${name}${closes}`;
        const first = await engines[kind](`${place}/${name}`);
        if (closes) await first.close();
        const refused = { type: "UNUSABLE_STORE", message: expect.stringMatching(/differs from .* by case alone/) };
        expect(await refusal(() => engines[kind](`${place}/${other}`))).toMatchObject(refused);
        await engines[kind](`${place}/other.db`);
      }
  });

  it("has one host in a process, and another when the first is closed", async () => {
    const first = await engines[kind](`${folder}/x.db`);
    for (const file of [`${folder}/x.db`, `${folder}/../${folder.split("/").at(-1)!}/x.db`]) {
      const error = await refusal(() => engines[kind](file));
      expect(error).toMatchObject({ type: "UNUSABLE_STORE", code: 500, retryable: false });
      expect(error.message).toBe(
        `${kind === "log" ? file : file.replace(/\.db$/, "")}: is hosted by another process or broker; one host at a time: end that one, give a table a place of its own, or a store \`host: false\``,
      );
    }
    await first.close();
    await engines[kind](`${folder}/x.db`);
  });

  it("has one host also where a link leads to it", async () => {
    await engines[kind](`${folder}/x.db`);
    if (kind === "log") symlinkSync(`${folder}/x.db`, `${folder}/link.db`);
    else symlinkSync(`${folder}/x`, `${folder}/link`);
    expect(await refusal(() => engines[kind](`${folder}/link.db`))).toMatchObject({
      type: "UNUSABLE_STORE",
      message: expect.stringContaining("is hosted by another process or broker"),
    });
  });

  it("has one host among processes; after a kill of the host it can be opened at once", async () => {
    const { child, said } = await host(kind, `${folder}/x.db`);
    expect(said).toBe("hosted");
    const error = await refusal(() => engines[kind](`${folder}/x.db`));
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", code: 500 });
    expect(error.message).toContain("is hosted by another process or broker");
    expect(handles()).toEqual([]);
    await killed(child);
    await engines[kind](`${folder}/x.db`);
  });

  it("refuses another process while this one hosts it", async () => {
    const ours = await engines[kind](`${folder}/x.db`);
    const { said } = await host(kind, `${folder}/x.db`);
    expect(said).toMatchObject({
      type: "UNUSABLE_STORE",
      message: `${folder}/x${kind === "log" ? ".db" : ""}: is hosted by another process or broker; one host at a time: end that one, give a table a place of its own, or a store \`host: false\``,
    });
    await ours.close();
    expect((await host(kind, `${folder}/x.db`)).said).toBe("hosted");
  });
});

describe("An error of the driver", () => {
  it("is understood also where the driver was loaded more than once in the process, as test runners do", async () => {
    jest.resetModules();
    const again = (await import("../../adapters/sqlite/event-log.ts")).SqliteEventLog;
    expect(again).not.toBe(SqliteEventLog);
    writeFileSync(`${folder}/x.db`, "no database");
    expect(await refusal(() => new again(`${folder}/x.db`).open())).toMatchObject({ type: "UNUSABLE_STORE" });
    await openLog(`${folder}/y.db`);
    expect(await refusal(() => new again(`${folder}/y.db`).open())).toMatchObject({ type: "UNUSABLE_STORE" });
  });
});

describe("A log", () => {
  it("is not opened where a newer version wrote its head beside it", async () => {
    await (await openLog(`${folder}/x.db`)).close();
    const file = `${folder}/x.db.head`;
    writeFileSync(file, readFileSync(file, "utf8").replace('"$format":1', '"$format":2'));
    expect(await unusable("log", `${folder}/x.db`, file)).toContain(
      `${file}: written by a newer version of moleculer-event-sourcing: format of head: found 2, expected 1`,
    );
  });

  it.each([
    ["a trigger", "DROP TRIGGER events_never_go", "no trigger events_never_go"],
    ["a table", "DROP TABLE claims", "no table claims"],
    ["a column", "ALTER TABLE leases RENAME COLUMN ttl TO expires", "another table leases"],
    [
      "another trigger",
      "DROP TRIGGER links_never_go; CREATE TRIGGER links_never_go BEFORE DELETE ON links BEGIN SELECT 1; END",
      "another trigger links_never_go",
    ],
  ])("is not opened where its schema lacks %s, though its version is today's", async (_, change, found) => {
    const log = await openLog(`${folder}/x.db`);
    await log.append([appendTo("a")]);
    await log.close();
    const db = new Database(`${folder}/x.db`);
    db.exec(change);
    db.close();
    expect(await refusal(() => openLog(`${folder}/x.db`))).toMatchObject({
      type: "UNUSABLE_STORE",
      message: expect.stringMatching(new RegExp(`found ${found}, expected .* made by another build`)),
    });
  });
});

describe("A damaged log", () => {
  const pageSize = 4096;
  let file: string;
  let size: number;

  beforeEach(async () => {
    file = `${folder}/x.db`;
    const log = await openLog(file);
    await log.append([
      appendTo(
        "a",
        Array.from({ length: 200 }, (_, n) => ({ payload: { n, text: "x".repeat(1000) } })),
      ),
    ]);
    await log.close();
    size = statSync(file).size;
  });

  /** The error of the first complete read: at opening, or at the damage; never a shorter log. */
  async function damageFound(): Promise<Error> {
    const log = newLog(file);
    const error = await refusal(async () => {
      await log.open();
      const { events } = await log.read({ after: 0, limit: 10_000 });
      await log.find(ask());
      await log.streams({ limit: 1000 });
      await log.findByIds(events.map(({ id }) => id));
    });
    await log.close();
    expect(handles()).toEqual([]);
    return error;
  }

  const damage = {
    name: "UnusableStoreError",
    code: 500,
    type: "UNUSABLE_STORE",
    retryable: false,
    message: expect.stringMatching(/the database is damaged: restore a log from a backup|is no SQLite database/),
  };

  it.each([1, 2, 10])("whose last pages are missing, %p of them, is refused", async (pages) => {
    truncateSync(file, size - pages * pageSize);
    expect(await damageFound()).toMatchObject(damage);
  });

  it.each([pageSize, pageSize * 2, pageSize + 100, 1000, 100, 50])(
    "that was cut to %p bytes is refused",
    async (to) => {
      truncateSync(file, to);
      expect(await damageFound()).toMatchObject(damage);
    },
  );

  it.each([1, 2, 3, 20, 30])("whose page %p was overwritten is refused", async (page) => {
    const handle = openSync(file, "r+");
    writeSync(handle, Buffer.alloc(pageSize, 0x5a), 0, pageSize, page * pageSize);
    closeSync(handle);
    expect(await damageFound()).toMatchObject(damage);
  });

  it("whose header was overwritten is refused", async () => {
    const handle = openSync(file, "r+");
    writeSync(handle, Buffer.alloc(100, 0x5a), 0, 100, 0);
    closeSync(handle);
    expect(await damageFound()).toMatchObject(damage);
  });
});

describe("A damaged table", () => {
  it.each([1, 2])("whose live generation lost its pages from page %p on is refused", async (pages) => {
    const table = await openTable(`${folder}/x.db`);
    const batch = await table.live().begin();
    batch.apply(
      Array.from({ length: 200 }, (_, n) => ({ operation: "create", id: `${n}`, values: { name: "x".repeat(1000) } })),
    );
    batch.commit({ position: 1, folded: 1, positionId: null, reordered: false, log: "log" });
    await table.close();
    truncateSync(`${folder}/x/1.db`, 4096 * pages);
    const error = await refusal(() => openTable(`${folder}/x.db`));
    expect(error).toMatchObject({
      type: "UNUSABLE_STORE",
      message: expect.stringContaining("the database is damaged"),
    });
    expect(handles()).toEqual([]);
  });

  it("whose file is empty is refused with a word on what to do, and folded again once it was deleted", async () => {
    await (await openTable(`${folder}/x.db`)).close();
    truncateSync(`${folder}/x/1.db`, 0);
    const error = await refusal(() => openTable(`${folder}/x.db`));
    expect(error).toMatchObject({
      type: "UNUSABLE_STORE",
      message: expect.stringContaining("delete the file to rebuild it"),
    });
    expect(handles()).toEqual([]);
    rmSync(`${folder}/x/1.db`);
    const { position } = await (await openTable(`${folder}/x.db`)).live().progress();
    expect(position).toBe(0);
  });
});

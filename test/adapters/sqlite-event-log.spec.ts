import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { jest } from "@jest/globals";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import type { AppendRequest } from "../../core/log/append-request.ts";
import { cleanUp, newFolder, refusal } from "../support/broker.ts";
import {
  appended as appendedTo,
  appendTo,
  ids,
  many,
  numbersOf,
  positionsOf,
} from "../../testing/event-log/requests.ts";

const run = promisify(execFile);
const otherProcess = fileURLToPath(new URL("./sqlite-process.ts", import.meta.url));
const logs: SqliteEventLog[] = [];

let file: string;
let log: SqliteEventLog;

async function openLog(at = file): Promise<SqliteEventLog> {
  const opened = new SqliteEventLog(at);
  logs.push(opened);
  await opened.open();
  return opened;
}

async function reopen(): Promise<void> {
  await log.close();
  log = await openLog();
}

beforeEach(async () => {
  file = `${newFolder()}/events.db`;
  log = await openLog();
});

afterEach(async () => {
  jest.useRealTimers();
  for (const opened of logs.splice(0)) await opened.close();
  await cleanUp();
});

const append = async (...requests: AppendRequest[]) => log.append(requests);
const appended = (...requests: AppendRequest[]) => appendedTo(log, ...requests);
const everything = async () => (await log.read({ after: 0, limit: 10_000 })).events;

/** Sets the clock and stops it; timers continue. */
const setClock = (now: string) =>
  jest.useFakeTimers({
    now: new Date(now),
    doNotFake: [
      "hrtime",
      "nextTick",
      "performance",
      "queueMicrotask",
      "setImmediate",
      "clearImmediate",
      "setInterval",
      "clearInterval",
      "setTimeout",
      "clearTimeout",
    ],
  });

describe("A commit", () => {
  it("answers what a reader will find, also text in which SQLite's own ends", async () => {
    const payload = { text: "it's 😀 \0 \\ud800", list: [1.5, null, { deep: true }], at: new Date(0), gone: undefined };
    const [event] = await appended(appendTo("a-1", [{ id: ids[0], type: "a.b", payload, meta: { user: "ann" } }]));
    expect(event).toEqual({
      id: ids[0],
      type: "a.b",
      stream: "a-1",
      version: 1,
      position: 1,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      payload: { text: "it's 😀 \0 \\ud800", list: [1.5, null, { deep: true }], at: "1970-01-01T00:00:00.000Z" },
      meta: { correlationId: "request-1", causationId: "call-1", user: "ann" },
    });
    expect(await everything()).toStrictEqual([event]);
  });

  it("is refused as an outage while another process writes, stores nothing, and succeeds when it is sent again", async () => {
    await append(appendTo("a"));
    const request = appendTo("a", many(2), { expectedVersion: 1 });
    const intruder = new Database(file);
    intruder.exec("BEGIN IMMEDIATE");
    const error = await refusal(() => append(request));
    expect(error).toMatchObject({
      name: "StoreUnavailableError",
      code: 503,
      type: "STORE_UNAVAILABLE",
      retryable: true,
    });
    expect(error.message).toContain("another process holds the file's lock; nothing was stored");
    expect(error.cause).toMatchObject({ name: "SqliteError", code: "SQLITE_BUSY" });
    expect(await log.head()).toBe(1);
    intruder.exec("ROLLBACK");
    intruder.close();
    expect(numbersOf(await appended(request))).toEqual([
      ["a", 2, 2],
      ["a", 3, 3],
    ]);
  });
});

describe("An event's time", () => {
  const timesOf = async () => (await everything()).map(({ time }) => time);

  it("is the clock's, and the same within a commit", async () => {
    setClock("2024-01-01T00:00:00.123Z");
    await append(appendTo("a"), appendTo("b"));
    setClock("2024-01-01T00:00:00.124Z");
    await append(appendTo("a"));
    expect(await timesOf()).toEqual([
      "2024-01-01T00:00:00.123Z",
      "2024-01-01T00:00:00.123Z",
      "2024-01-01T00:00:00.124Z",
    ]);
  });

  it("never goes backwards when the clock is set back, also not after the log was opened again", async () => {
    setClock("2024-01-01T12:00:00.000Z");
    await append(appendTo("a"));
    setClock("2024-01-01T11:00:00.000Z");
    await append(appendTo("a"));
    await reopen();
    setClock("2023-01-01T11:00:00.000Z");
    await append(appendTo("a"));
    setClock("2024-01-01T12:00:00.001Z");
    await append(appendTo("a"));
    expect(await timesOf()).toEqual([
      "2024-01-01T12:00:00.000Z",
      "2024-01-01T12:00:00.000Z",
      "2024-01-01T12:00:00.000Z",
      "2024-01-01T12:00:00.001Z",
    ]);
  });
});

describe("The file", () => {
  const columns = "position, id, type, stream, version, time, payload, meta";
  const likeTheFirst = (position: string, id: string, stream: string, version: string) =>
    `INSERT OR REPLACE INTO events (${columns})
     SELECT ${position}, ${id}, type, ${stream}, ${version}, time, '{}', meta FROM events WHERE position = 1`;

  it.each([
    "UPDATE events SET payload = '{}' WHERE position = 1",
    "UPDATE events SET meta = meta",
    "UPDATE OR REPLACE events SET position = 2 WHERE position = 1",
    "UPDATE OR IGNORE events SET payload = '{}'",
    "DELETE FROM events WHERE position = 2",
    "DELETE FROM events",
    "INSERT INTO events SELECT * FROM events WHERE true ON CONFLICT DO UPDATE SET payload = '{}'",
    "INSERT OR REPLACE INTO events SELECT * FROM events WHERE position = 1",
    "REPLACE INTO events SELECT * FROM events WHERE position = 2",
    likeTheFirst("1", "'another'", "'b'", "1"),
    likeTheFirst("2", "'another'", "'b'", "1"),
    likeTheFirst("3", "id", "'b'", "1"),
    likeTheFirst("NULL", "id", "'b'", "1"),
    likeTheFirst("3", "'another'", "stream", "version"),
    likeTheFirst("3", "'another'", "stream", "2"),
    likeTheFirst("-1", "'another'", "'b'", "1"),
    "UPDATE links SET position = 1",
    "UPDATE OR REPLACE links SET version = 2",
    "DELETE FROM links",
    "INSERT OR REPLACE INTO links VALUES ('all', 1, 1)",
    "INSERT OR REPLACE INTO links VALUES ('all', 2, 2)",
  ])("refuses %s, whoever asks", async (sql) => {
    const events = await appended(appendTo("a", many(2, { payload: { n: 1 } })));
    const [, second] = events;
    await log.links.add("all", [second!.id]);
    const db = new Database(file);
    expect(() => db.exec(sql)).toThrow(/history is append-only/);
    db.close();
    expect(await everything()).toEqual(events);
    const linked = await log.readStream("all", { afterVersion: 0, limit: 9 });
    expect(linked).toEqual([{ ...second, link: { stream: "all", version: 1 } }]);
  });

  it("has one table of events, its columns named as the fields of an event", async () => {
    const db = new Database(file, { readonly: true });
    const columns = (table: string) =>
      (db.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name).toSorted();
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
    expect(columns("events")).toEqual(["id", "meta", "payload", "position", "stream", "time", "type", "version"]);
    expect(tables.filter((table) => columns(table).includes("payload"))).toEqual(["events"]);
    expect(db.pragma("journal_mode", { simple: true })).toBe("wal");
    db.close();
  });

  it("is readable by another process meanwhile, which sees what was committed", async () => {
    const read = async () =>
      JSON.parse((await run(process.execPath, [otherProcess, "read", file])).stdout) as [number, number, number];
    await append(appendTo("a", [{ payload: { n: 1 } }, { payload: { n: 7 } }]));
    expect(await read()).toEqual([2, 2, 7]);
    await append(appendTo("b", [{ payload: { n: 9 } }]));
    expect(await read()).toEqual([3, 3, 9]);
  });

  it("never makes appends wait for a reader that stays", async () => {
    await append(appendTo("a"));
    const reader = new Database(file, { readonly: true });
    reader.exec("BEGIN");
    const count = () => reader.prepare("SELECT count(*) FROM events").pluck().get();
    expect(count()).toBe(1);
    await append(appendTo("a", many(100)));
    expect(count()).toBe(1);
    reader.exec("COMMIT");
    expect(count()).toBe(101);
    reader.close();
  });

  it("says which durability it has", () => {
    expect(new SqliteEventLog("x").capabilities).toEqual({ durability: "power", hosts: "one", backup: true });
    expect(new SqliteEventLog("x", { durability: "process" }).capabilities).toEqual({
      durability: "process",
      hosts: "one",
      backup: true,
    });
  });
});

describe("A page of the log", () => {
  it("ends after 10,000 unwanted events, and the next one continues from there", async () => {
    await append(
      appendTo("a", many(10_000, { type: "x" })),
      appendTo("a", many(50, { type: "x" })),
      appendTo("a", [{ type: "y" }]),
    );
    const wanted = (type: string) => type === "y";
    const first = await log.read({ after: 0, limit: 1, wanted });
    expect(first).toEqual({ events: [], position: 10_000, end: false });
    expect(positionsOf(await log.read({ after: first.position, limit: 1, wanted }))).toEqual([10_051]);
  });

  it("is cut before it grows larger than 512 KiB, and goes on where it was cut", async () => {
    const payload = "x".repeat(200 * 1024);
    await append(appendTo("a", many(5, { payload })));
    const first = await log.read({ after: 0, limit: 100 });
    expect(positionsOf(first)).toEqual([1, 2]);
    expect(first).toMatchObject({ position: 2, end: false });
    expect(positionsOf(await log.read({ after: 2, limit: 100 }))).toEqual([3, 4]);
    expect(await log.read({ after: 4, limit: 100 })).toMatchObject({ position: 5, end: true });
    const backward = await log.read({ after: 6, limit: 100, backward: true });
    expect(positionsOf(backward)).toEqual([5, 4]);
    expect(backward).toMatchObject({ position: 4, end: false });
  });

  it("is measured in bytes of UTF-8, and unwanted events do not count", async () => {
    await append(
      appendTo("a", many(3, { payload: "漢".repeat(100 * 1024) })),
      appendTo("b", many(4, { payload: "x".repeat(200 * 1024) })),
    );
    expect(positionsOf(await log.read({ after: 0, limit: 100 }))).toEqual([1]);
    expect(positionsOf(await log.read({ after: 2, limit: 100, category: "b" }))).toEqual([4, 5]);
  });

  it("holds one event however large it is", async () => {
    await append(appendTo("a", [{ payload: "x".repeat(1024 * 1024) }, {}]));
    expect(positionsOf(await log.read({ after: 0, limit: 100 }))).toEqual([1]);
    expect(positionsOf(await log.read({ after: 1, limit: 100 }))).toEqual([2]);
  });
});

describe("A page of a stream", () => {
  const versionsOf = (events: readonly { version: number }[]) => events.map(({ version }) => version);

  it("is cut by bytes, and goes on where it was cut", async () => {
    await append(
      appendTo("a", many(5, { payload: "x".repeat(200 * 1024) })),
      appendTo("b", [{ payload: "x".repeat(1024 * 1024) }, {}]),
    );
    expect(versionsOf(await log.readStream("a", { afterVersion: 0, limit: 100 }))).toEqual([1, 2]);
    expect(versionsOf(await log.readStream("a", { afterVersion: 2, limit: 100 }))).toEqual([3, 4]);
    expect(versionsOf(await log.readStream("a", { afterVersion: 6, limit: 100, backward: true }))).toEqual([5, 4]);
    expect(versionsOf(await log.readStream("b", { afterVersion: 0, limit: 100 }))).toEqual([1]);
  });
});

describe("What was committed last", () => {
  it("is read as it is from the file, from any position, after small and large events", async () => {
    for (let commit = 0; commit < 5; commit++) {
      await append(appendTo(`small-${commit}`, many(510)));
      await append(appendTo(`large-${commit}`, many(1 + commit, { payload: "x".repeat(300 * 1024) })));
    }
    const head = await log.head();
    const positions = [...Array(head + 2).keys()].filter((position) => position % 17 === 0 || position > head - 20);
    const pages = () => Promise.all(positions.map((after) => log.read({ after, limit: 3 })));
    const before = await pages();
    await reopen();
    expect(before).toEqual(await pages());
  });

  it("can be changed by its reader only", async () => {
    await append(appendTo("a", [{ payload: { list: [1] } }]));
    const [event] = await everything();
    (event!.payload["list"] as number[]).push(2);
    expect((await everything())[0]!.payload).toEqual({ list: [1] });
  });

  it("does not hold what a failed commit has taken back", async () => {
    await append(appendTo("a", [{}]));
    const [twin] = (await everything()).map(({ id }) => id);
    // Two appends of one id count as new only if their author marks them so.
    const request = appendTo("b", [{}, {}]);
    request.events[1]!.id = twin!;
    request.events[1]!.idWasGenerated = true;
    await expect(append(request)).rejects.toThrow(/never replaced/);
    expect(positionsOf(await log.read({ after: 0, limit: 10 }))).toEqual([1]);
    await appended(appendTo("b", [{}], { expectedVersion: "no-stream" }));
    expect(positionsOf(await log.read({ after: 0, limit: 10 }))).toEqual([1, 2]);
  });
});

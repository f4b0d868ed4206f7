import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { jest } from "@jest/globals";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import type { AppendRequest } from "../../core/append-request.ts";
import type { ExpectedVersion } from "../../core/expected-version.ts";
import type { Page } from "../../core/event-log.ts";
import { cleanUp, newFolder, refusal } from "../support/broker.ts";
import { appendTo, ask, refused, stored } from "../../testing/event-log/requests.ts";

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
const appended = async (...requests: AppendRequest[]) => (await append(...requests)).flatMap(stored);
const everything = async () => (await log.read({ after: 0, limit: 10_000 })).events;
const numbersOf = (events: readonly { stream: string; version: number; position: number }[]) =>
  events.map(({ stream, version, position }) => [stream, version, position]);
const many = (count: number, event: object = {}) => Array.from({ length: count }, () => event);

const ids = [
  "0190a0b0-0000-7000-8000-000000000001",
  "0190a0b0-0000-7000-8000-000000000002",
  "0190a0b0-0000-7000-8000-000000000003",
] as const;

/** Sets the clock and stops it; timers go on. */
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
  it("numbers versions within streams and positions within the log, without holes", async () => {
    const events = await appended(appendTo("a-1", many(2)), appendTo("b-1"), appendTo("a-1"));
    events.push(...(await appended(appendTo("a-1"), appendTo("b-1", many(2)))));
    expect(numbersOf(events)).toEqual([
      ["a-1", 1, 1],
      ["a-1", 2, 2],
      ["b-1", 1, 3],
      ["a-1", 3, 4],
      ["a-1", 4, 5],
      ["b-1", 2, 6],
      ["b-1", 3, 7],
    ]);
    expect(await log.head()).toBe(7);
    expect(await everything()).toEqual(events);
  });

  it("answers what a reader will find", async () => {
    const payload = { text: "it's 😀 \0 \ud800", list: [1.5, null, { deep: true }], at: new Date(0), gone: undefined };
    const [event] = await appended(appendTo("a-1", [{ id: ids[0], type: "a.b", payload, meta: { user: "ann" } }]));
    expect(event).toEqual({
      id: ids[0],
      type: "a.b",
      stream: "a-1",
      version: 1,
      position: 1,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      payload: { text: "it's 😀 \0 \ud800", list: [1.5, null, { deep: true }], at: "1970-01-01T00:00:00.000Z" },
      meta: { correlationId: "request-1", causationId: "call-1", user: "ann" },
    });
    expect(await everything()).toStrictEqual([event]);
  });

  it.each([null, false, 0, "", "text", [], [null]])("keeps the payload %j", async (payload) => {
    await append(appendTo("a", [{ payload }]));
    expect((await everything())[0]!.payload).toEqual(payload);
  });

  it("gives each append its own verdict, and a refused one leaves no trace", async () => {
    const verdicts = await append(
      appendTo("a", many(2), { expectedVersion: 0 }),
      appendTo("a", many(3), { expectedVersion: 0 }),
      appendTo("a", many(1), { expectedVersion: 2 }),
      appendTo("b", many(1), { expectedVersion: "stream-exists" }),
      appendTo("b", many(1), { expectedVersion: "no-stream" }),
    );
    expect(verdicts.map((verdict) => "events" in verdict)).toEqual([true, false, true, false, true]);
    expect(refused(verdicts[1])).toMatchObject({
      type: "VERSION_CONFLICT",
      data: { stream: "a", expected: 0, actual: 2 },
    });
    expect(refused(verdicts[3])).toMatchObject({ data: { stream: "b", expected: "stream-exists", actual: 0 } });
    expect(numbersOf(await everything())).toEqual([
      ["a", 1, 1],
      ["a", 2, 2],
      ["a", 3, 3],
      ["b", 1, 4],
    ]);
  });

  it("lets exactly one of many appends with the same expected version win", async () => {
    await append(appendTo("a", many(3)));
    const verdicts = await append(
      ...Array.from({ length: 10 }, () => appendTo("a", many(1), { expectedVersion: 3 })),
      ...Array.from({ length: 10 }, () => appendTo("a")),
    );
    expect(verdicts.map((verdict) => "events" in verdict)).toEqual([
      true,
      ...many(9).map(() => false),
      ...many(10).map(() => true),
    ]);
    expect(refused(verdicts[9])).toMatchObject({ data: { expected: 3, actual: 4 } });
    expect(await log.head()).toBe(14);
  });

  it("may be empty", async () => {
    expect(await append()).toEqual([]);
    expect(await log.head()).toBe(0);
  });

  it("takes 10,000 events of one append", async () => {
    const events = await appended(appendTo("a", many(10_000)));
    expect(numbersOf(events.slice(-1))).toEqual([["a", 10_000, 10_000]]);
    expect(await log.count(ask())).toBe(10_000);
  });

  it("stores nothing at all when it fails in the middle, and what comes next is numbered as if it had not been", async () => {
    await append(appendTo("a"));
    const broken = appendTo("b", many(2));
    broken.events[1]!.type = null as never;
    await expect(append(appendTo("a", [{ id: ids[0] }]), broken, appendTo("c"))).rejects.toThrow(/NOT NULL/);
    expect(await log.head()).toBe(1);
    expect(await log.count(ask())).toBe(1);
    expect(numbersOf(await everything())).toEqual([["a", 1, 1]]);
    expect(numbersOf(await appended(appendTo("a", [{ id: ids[0] }]), appendTo("c")))).toEqual([
      ["a", 2, 2],
      ["c", 1, 3],
    ]);
    await reopen();
    expect(await log.head()).toBe(3);
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

  it("is refused before the log is opened and after it was closed", async () => {
    await log.close();
    for (const call of [() => append(appendTo("a")), () => log.head(), () => log.read({ after: 0, limit: 1 })])
      expect(await refusal(call)).toMatchObject({
        type: "STORE_UNAVAILABLE",
        message: expect.stringContaining("is not open"),
      });
    await log.close();
  });
});

describe("An expected version", () => {
  it.each<[ExpectedVersion, number, boolean]>([
    ["any", 0, true],
    ["any", 2, true],
    ["no-stream", 0, true],
    ["no-stream", 2, false],
    [0, 0, true],
    [0, 2, false],
    ["stream-exists", 0, false],
    ["stream-exists", 2, true],
    [2, 2, true],
    [1, 2, false],
    [3, 2, false],
    [1, 0, false],
  ])("of %p with the stream at %p is met: %p", async (expectedVersion, actual, isMet) => {
    await append(appendTo("other", many(5)), ...(actual > 0 ? [appendTo("a", many(actual))] : []));
    const before = await log.head();
    const [verdict] = await append(appendTo("a", many(2), { expectedVersion }));
    expect("events" in verdict!).toBe(isMet);
    expect(await log.head()).toBe(before + (isMet ? 2 : 0));
    await reopen();
    expect(await log.readStream("a", { afterVersion: 0, limit: 10 })).toHaveLength(actual + (isMet ? 2 : 0));
  });
});

describe("An append that is sent again", () => {
  const twice = () => appendTo("a", [{ id: ids[0], payload: { n: 1 } }, { id: ids[1] }], { expectedVersion: 0 });

  it.each(["in another commit", "after the log was opened again"])(
    "%s stores once, answers as the first time, and its version does not count",
    async (when) => {
      const [first] = await append(twice(), appendTo("a", many(3)));
      if (when.startsWith("after")) await reopen();
      const [again, next] = await append(twice(), appendTo("b"));
      expect(first).toMatchObject({ repeated: false });
      expect(again).toEqual({ events: stored(first), repeated: true });
      expect(numbersOf(stored(next))).toEqual([["b", 1, 6]]);
    },
  );

  it("in the same commit stores once and answers as the first time", async () => {
    const [first, again, next] = await append(twice(), twice(), appendTo("b"));
    expect(first).toMatchObject({ repeated: false });
    expect(again).toEqual({ events: stored(first), repeated: true });
    expect(numbersOf(stored(next))).toEqual([["b", 1, 3]]);
  });

  it("after a refusal in the same commit is stored as if it were the first", async () => {
    const [first, again] = await append(
      appendTo("a", [{ id: ids[0] }], { expectedVersion: 5 }),
      appendTo("a", [{ id: ids[0] }]),
    );
    expect(refused(first)).toMatchObject({ type: "VERSION_CONFLICT" });
    expect(again).toMatchObject({ repeated: false, events: [{ version: 1, position: 1 }] });
  });

  it("is known also with other meta and other letter case of the id, and the first meta stays", async () => {
    const first = await appended(appendTo("a", [{ id: ids[0], meta: { user: "ann" } }]));
    const [again] = await append(appendTo("a", [{ id: ids[0].toUpperCase(), meta: { user: "bob" } }]));
    expect(again).toEqual({ events: first, repeated: true });
  });

  it("is known whatever the order of its payload's keys", async () => {
    await append(appendTo("a", [{ id: ids[0], payload: { x: 1, y: { a: 1, b: 2 } } }]));
    expect(await append(appendTo("a", [{ id: ids[0], payload: { y: { b: 2, a: 1 }, x: 1 } }]))).toMatchObject([
      { repeated: true },
    ]);
  });

  it.each([
    ["another payload", appendTo("a", [{ id: ids[0], payload: { n: 2 } }])],
    ["another type", appendTo("a", [{ id: ids[0], type: "thing.other", payload: { n: 1 } }])],
    ["another stream", appendTo("b", [{ id: ids[0], payload: { n: 1 } }])],
    ["a new event after it", appendTo("a", [{ id: ids[0], payload: { n: 1 } }, { id: ids[2] }])],
    ["a new event before it", appendTo("a", [{ id: ids[2] }, { id: ids[0], payload: { n: 1 } }])],
    ["an event without an id beside it", appendTo("a", [{ id: ids[0], payload: { n: 1 } }, {}])],
  ])("with %s is refused, and stores nothing", async (_, request) => {
    await append(twice());
    const [verdict] = await append(request);
    expect(refused(verdict)).toMatchObject({
      name: "EventIdReusedError",
      code: 409,
      type: "EVENT_ID_REUSED",
      retryable: false,
      data: { id: ids[0], why: expect.any(String) },
    });
    expect(await log.head()).toBe(2);
  });

  it("in part only answers that part's events", async () => {
    const first = await appended(twice());
    expect(await append(appendTo("a", [{ id: ids[1] }]))).toEqual([{ events: [first[1]], repeated: true }]);
  });
});

describe("An append with a key", () => {
  const keyed = (payloads: unknown[], stream = "a", key = "order 7") =>
    appendTo(
      stream,
      payloads.map((payload) => ({ payload })),
      { key },
    );

  it("stores once, also after the log was opened again", async () => {
    const [first] = await append(keyed([1, 2]));
    expect(await append(keyed([1, 2]))).toEqual([{ events: stored(first), repeated: true }]);
    await reopen();
    expect(await append(keyed([1, 2]))).toEqual([{ events: stored(first), repeated: true }]);
    expect(await log.head()).toBe(2);
  });

  it("stores once within one commit", async () => {
    const [first, second] = await append(keyed([1, 2]), keyed([1, 2]));
    expect(second).toEqual({ events: stored(first), repeated: true });
  });

  it("is another append where the key is another", async () => {
    await append(keyed([1]));
    expect(await append(keyed([1], "a", "order 8"))).toMatchObject([{ repeated: false }]);
  });

  it.each([
    ["more events", keyed([1, 2, 3])],
    ["fewer events", keyed([1])],
    ["other events", keyed([1, 3])],
    ["the same events in another order", keyed([2, 1])],
    ["another stream", keyed([1, 2], "b")],
  ])("is refused with %s under a key that was used", async (_, request) => {
    await append(keyed([1, 2]));
    const [verdict] = await append(request);
    expect(refused(verdict)).toMatchObject({ type: "EVENT_ID_REUSED", code: 409 });
    expect(await log.head()).toBe(2);
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

  it("is not held up by a commit that failed at a later time", async () => {
    setClock("2030-01-01T00:00:00.000Z");
    const broken = appendTo("a");
    broken.events[0]!.type = null as never;
    await expect(append(broken)).rejects.toThrow(/NOT NULL/);
    setClock("2024-01-01T00:00:00.000Z");
    await append(appendTo("a"));
    expect(await timesOf()).toEqual(["2024-01-01T00:00:00.000Z"]);
  });
});

describe("The file", () => {
  it.each([
    "UPDATE events SET payload = '{}' WHERE position = 1",
    "UPDATE events SET meta = meta",
    "DELETE FROM events WHERE position = 2",
    "DELETE FROM events",
    "INSERT INTO events SELECT * FROM events WHERE true ON CONFLICT DO UPDATE SET payload = '{}'",
    "UPDATE OR REPLACE events SET position = 2 WHERE position = 1",
  ])("refuses %s, whoever asks", async (sql) => {
    const events = await appended(appendTo("a", many(2, { payload: { n: 1 } })));
    const db = new Database(file);
    expect(() => db.exec(sql)).toThrow(/history is append-only/);
    db.close();
    expect(await everything()).toEqual(events);
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

  it("keeps head, identity and events when it is opened again", async () => {
    const events = await appended(appendTo("a", many(3)), appendTo("b"));
    const identity = await log.identity();
    expect(identity).toMatch(/^[0-9a-f-]{36}$/);
    await reopen();
    expect(await log.head()).toBe(4);
    expect(await log.identity()).toBe(identity);
    expect(await everything()).toEqual(events);
    await log.open();
    expect(await log.head()).toBe(4);
    expect(await (await openLog(`${newFolder()}/events.db`)).identity()).not.toBe(identity);
  });

  it("says which durability it has", () => {
    expect(new SqliteEventLog("x").capabilities).toEqual({ durability: "power", hosts: "one" });
    expect(new SqliteEventLog("x", { synchronous: "NORMAL" }).capabilities).toEqual({
      durability: "process",
      hosts: "one",
    });
  });
});

describe("A page of the log", () => {
  const positionsOf = ({ events }: Page) => events.map(({ position }) => position);

  it("begins after a position and holds at most its limit", async () => {
    await append(appendTo("a", many(5)));
    const page = await log.read({ after: 1, limit: 3 });
    expect(positionsOf(page)).toEqual([2, 3, 4]);
    expect(page).toMatchObject({ position: 4, end: false });
    const rest = await log.read({ after: 4, limit: 3 });
    expect(positionsOf(rest)).toEqual([5]);
    expect(rest).toMatchObject({ position: 5, end: true });
  });

  it("is empty, and the end, in an empty log and after the head", async () => {
    expect(await log.read({ after: 0, limit: 10 })).toEqual({ events: [], position: 0, end: true });
    await append(appendTo("a"));
    expect(await log.read({ after: 1, limit: 10 })).toEqual({ events: [], position: 1, end: true });
    expect(await log.read({ after: 99, limit: 10 })).toEqual({ events: [], position: 99, end: true });
  });

  it("may come backward, from before a position", async () => {
    await append(appendTo("a", many(250)));
    const page = await log.read({ after: 251, limit: 3, backward: true });
    expect(positionsOf(page)).toEqual([250, 249, 248]);
    expect(page).toMatchObject({ position: 248, end: false });
    const rest = await log.read({ after: 248, limit: 1000, backward: true });
    expect(positionsOf(rest)).toEqual(Array.from({ length: 247 }, (_, index) => 247 - index));
    expect(rest).toMatchObject({ position: 1, end: true });
    expect(await log.read({ after: 1, limit: 1, backward: true })).toEqual({ events: [], position: 1, end: true });
    expect(positionsOf(await log.read({ after: Number.MAX_SAFE_INTEGER, limit: 1, backward: true }))).toEqual([250]);
  });

  it("holds one category", async () => {
    await append(...["a-1", "a", "ab-1", "a.b-1", "a-2-x", "A-1", "-a"].map((stream) => appendTo(stream)));
    expect(positionsOf(await log.read({ after: 0, limit: 10, category: "a" }))).toEqual([1, 2, 5]);
    expect(positionsOf(await log.read({ after: 1, limit: 1, category: "a" }))).toEqual([2]);
    expect(positionsOf(await log.read({ after: 0, limit: 10, category: "" }))).toEqual([7]);
    expect(await log.read({ after: 0, limit: 10, category: "none" })).toEqual({ events: [], position: 7, end: true });
  });

  it("holds the wanted types, and says how far it looked", async () => {
    await append(appendTo("a", [{ type: "x" }, { type: "y" }, { type: "x" }, { type: "y" }]));
    const wanted = (type: string) => type === "x";
    expect(await log.read({ after: 0, limit: 10, wanted })).toMatchObject({
      events: [{ position: 1 }, { position: 3 }],
      position: 4,
      end: true,
    });
    expect(await log.read({ after: 1, limit: 1, wanted })).toMatchObject({ events: [{ position: 3 }], position: 3 });
    expect(positionsOf(await log.read({ after: 5, limit: 1, wanted, backward: true }))).toEqual([3]);
  });

  it("ends after 10,000 events that nobody wanted, and the next one goes on from there", async () => {
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

  it.each([1, 7, 99, 100, 101, 1000])("by page of %p gives every event once, in order", async (limit) => {
    await append(appendTo("a", many(150)), appendTo("b", many(150)));
    const seen: number[] = [];
    let page: Page = { events: [], position: 0, end: false };
    while (!page.end) {
      page = await log.read({ after: page.position, limit });
      expect(page.events.length).toBeLessThanOrEqual(limit);
      seen.push(...positionsOf(page));
    }
    expect(seen).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
  });
});

describe("A stream", () => {
  const versionsOf = (events: readonly { version: number }[]) => events.map(({ version }) => version);

  it("is read in order, from a version on", async () => {
    await append(appendTo("a", many(120)), appendTo("b", many(5)), appendTo("a", many(120)));
    expect(versionsOf(await log.readStream("a", { afterVersion: 0, limit: 1000 }))).toEqual(
      Array.from({ length: 240 }, (_, index) => index + 1),
    );
    expect(versionsOf(await log.readStream("a", { afterVersion: 100, limit: 3 }))).toEqual([101, 102, 103]);
    expect(versionsOf(await log.readStream("a", { afterVersion: 240, limit: 3 }))).toEqual([]);
    expect(await log.readStream("none", { afterVersion: 0, limit: 3 })).toEqual([]);
  });

  it("is read backward", async () => {
    await append(appendTo("a", many(240)), appendTo("b", many(5)));
    expect(versionsOf(await log.readStream("a", { afterVersion: 241, limit: 2, backward: true }))).toEqual([240, 239]);
    expect(versionsOf(await log.readStream("a", { afterVersion: 3, limit: 200, backward: true }))).toEqual([2, 1]);
    expect(await log.readStream("a", { afterVersion: 1, limit: 2, backward: true })).toEqual([]);
  });

  it("is read by wanted types, past any number of others", async () => {
    await append(appendTo("a", [...many(250, { type: "x" }), { type: "y" }, { type: "y" }]));
    const wanted = (type: string) => type === "y";
    expect(versionsOf(await log.readStream("a", { afterVersion: 0, limit: 1, wanted }))).toEqual([251]);
    expect(versionsOf(await log.readStream("a", { afterVersion: 251, limit: 9, wanted }))).toEqual([252]);
    expect(versionsOf(await log.readStream("a", { afterVersion: 252, limit: 9, wanted, backward: true }))).toEqual([
      251,
    ]);
  });

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

  it("is told from others by its exact name", async () => {
    const names = ["a", "A", "a ", "a%", "a_", "á", "a\u0301", "it's", "😀"];
    await append(...names.map((name) => appendTo(name, [{ payload: { name } }])));
    for (const name of names)
      expect(await log.readStream(name, { afterVersion: 0, limit: 10 })).toMatchObject([
        { stream: name, payload: { name } },
      ]);
  });
});

describe("The list of streams", () => {
  const names = [
    "a",
    "a-",
    "a-1",
    "a-2",
    "a-2-x",
    "a.b",
    "a.b-1",
    "a_1",
    "ab",
    "ab-1",
    "A-1",
    "a b-1",
    "-x",
    "日本-1",
    "%-1",
    "a'-1",
  ];
  const listed = async (options: { category?: string; after?: string; limit?: number }) =>
    (await log.streams({ limit: 100, ...options })).map(({ stream }) => stream);

  beforeEach(() => append(...names.map((name) => appendTo(name))));

  it("is in the order of the names' bytes, page by page", async () => {
    const inOrder = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await listed({})).toEqual(inOrder);
    expect(await listed({ limit: 3 })).toEqual(inOrder.slice(0, 3));
    expect(await listed({ after: inOrder[2]!, limit: 4 })).toEqual(inOrder.slice(3, 7));
    expect(await listed({ after: "日本-1" })).toEqual([]);
  });

  it.each([
    ["a", ["a", "a-", "a-1", "a-2", "a-2-x"]],
    ["a.b", ["a.b", "a.b-1"]],
    ["ab", ["ab", "ab-1"]],
    ["A", ["A-1"]],
    ["a b", ["a b-1"]],
    ["", ["-x"]],
    ["日本", ["日本-1"]],
    ["%", ["%-1"]],
    ["a'", ["a'-1"]],
    ["a_", []],
    ["none", []],
  ])("of category %p ends where the category does", async (category, streams) => {
    expect(await listed({ category })).toEqual(streams);
    expect(await listed({ category, limit: 1 })).toEqual(streams.slice(0, 1));
    expect(await listed({ category, after: streams[0] ?? "" })).toEqual(streams.slice(1));
  });

  it("says of each stream its version and the time of its last event", async () => {
    setClock("2040-01-01T00:00:00.000Z");
    await append(appendTo("a-1", many(2)));
    setClock("2041-01-01T00:00:00.000Z");
    await append(appendTo("a-2"));
    expect(await log.streams({ category: "a", after: "a-", limit: 2 })).toEqual([
      { stream: "a-1", version: 3, time: "2040-01-01T00:00:00.000Z" },
      { stream: "a-2", version: 2, time: "2041-01-01T00:00:00.000Z" },
    ]);
  });
});

describe("A query of events", () => {
  beforeEach(async () => {
    setClock("2024-01-01T00:00:00.000Z");
    await append(
      appendTo("a-1", [
        {
          id: ids[0],
          type: "a.created",
          payload: { city: "Oslo", price: { amount: 5 }, tags: ["x", "y"] },
          meta: { user: "ann" },
        },
        {
          id: ids[1],
          type: "a.changed",
          payload: { city: "Bern", lines: [{ n: 1 }, { n: 7 }] },
          meta: { user: "bob" },
        },
      ]),
    );
    setClock("2024-06-01T00:00:00.000Z");
    await append(
      appendTo("b-1", [{ id: ids[2], type: "b.created", payload: null }]),
      appendTo("b-2", [{ payload: "Oslo" }]),
    );
  });

  it.each<[string, object, number[]]>([
    ["everything", {}, [1, 2, 3, 4]],
    ["an id", { id: ids[1] }, [2]],
    ["a type", { type: "a.created" }, [1]],
    ["types", { type: { $regex: "created$" } }, [1, 3]],
    ["a stream and a version", { stream: "a-1", version: { $gt: 1 } }, [2]],
    ["positions", { position: { $gte: 2, $lt: 4 } }, [2, 3]],
    ["a time", { time: { $gte: "2024-05-01" } }, [3, 4]],
    ["an exact time", { time: new Date("2024-01-01") }, [1, 2]],
    ["a path into the payload", { "payload.city": "Oslo" }, [1]],
    ["a deep path", { "payload.price.amount": { $gt: 4 } }, [1]],
    ["an array in the payload", { "payload.tags": "y" }, [1]],
    ["a path through an array", { "payload.lines.n": 7 }, [2]],
    ["an element of an array", { "payload.lines.0.n": 1 }, [2]],
    ["a path that is absent", { "payload.city": null }, [3, 4]],
    ["a whole payload", { payload: "Oslo" }, [4]],
    ["meta", { "meta.user": { $in: ["ann", "carl"] } }, [1]],
    ["the request", { "meta.correlationId": "request-1" }, [1, 2, 3, 4]],
    ["alternatives", { $or: [{ type: "b.created" }, { "payload.city": "Bern" }] }, [2, 3]],
    ["a payload that is null", { payload: null }, [3]],
    ["a payload that is there", { payload: { $exists: true } }, [1, 2, 4]],
    ["a payload that is not there", { payload: { $exists: false } }, [3]],
  ])("finds by %s, in the order of positions", async (_, query, positions) => {
    expect((await log.find(ask({ query }))).map(({ position }) => position)).toEqual(positions);
    expect(await log.count(ask({ query }))).toBe(positions.length);
  });

  it("sorts, pages and searches", async () => {
    const positions = async (params: object) => (await log.find(ask(params))).map(({ position }) => position);
    expect(await positions({ sort: "-position" })).toEqual([4, 3, 2, 1]);
    expect(await positions({ sort: "-time" })).toEqual([3, 4, 1, 2]);
    expect(await positions({ sort: "payload.city", query: { stream: "a-1" } })).toEqual([2, 1]);
    expect(await positions({ limit: 2, offset: 1 })).toEqual([2, 3]);
    expect(await positions({ search: "OSLO" })).toEqual([1, 4]);
    expect(await positions({ search: "created", searchFields: ["type"], sort: "-position" })).toEqual([3, 1]);
    expect(await log.count(ask({ search: "oslo" }))).toBe(2);
    expect(await log.count(ask())).toBe(4);
  });

  it("answers events as they were recorded", async () => {
    expect(await log.find(ask())).toEqual(await everything());
  });

  it("finds by ids, in their order, without those that are not there", async () => {
    const found = await log.findByIds([ids[2], "0190a0b0-0000-7000-8000-00000000ffff", ids[0], "no id"]);
    expect(found.map(({ position }) => position)).toEqual([3, 1]);
    expect(found[1]).toEqual((await everything())[0]);
    expect(await log.findByIds([])).toEqual([]);
  });
});

describe("Control state", () => {
  it("is null where it was never written", async () => expect(await log.getState("paused")).toBeNull());

  it("is written by whoever knows its revision, and by nobody else", async () => {
    expect(await log.putState("paused", true, 1)).toBeNull();
    expect(await log.putState("paused", true, 0)).toBe(1);
    expect(await log.putState("paused", false, 0)).toBeNull();
    expect(await log.putState("paused", { by: ["ann"] }, 1)).toBe(2);
    expect(await log.putState("paused", false, 1)).toBeNull();
    expect(await log.putState("paused", false, 3)).toBeNull();
    expect(await log.getState("paused")).toEqual({ value: { by: ["ann"] }, revision: 2 });
    expect(await log.getState("Paused")).toBeNull();
    await reopen();
    expect(await log.getState("paused")).toEqual({ value: { by: ["ann"] }, revision: 2 });
  });

  it.each([null, false, 0, "", [], { a: null }])("may be %j", async (value) => {
    await log.putState("key", value, 0);
    expect(await log.getState("key")).toEqual({ value, revision: 1 });
  });

  it("takes no position", async () => {
    await log.putState("key", 1, 0);
    expect(await log.head()).toBe(0);
  });
});

describe("A lease", () => {
  beforeEach(() => setClock("2024-01-01T00:00:00.000Z"));

  it("is held by one, who may renew it under the same epoch", async () => {
    expect(await log.acquireLease("pump", "node-1", 1000)).toEqual({ name: "pump", holder: "node-1", epoch: 1 });
    expect(await log.acquireLease("pump", "node-2", 1000)).toBeNull();
    setClock("2024-01-01T00:00:00.900Z");
    expect(await log.acquireLease("pump", "node-1", 1000)).toMatchObject({ epoch: 1 });
    setClock("2024-01-01T00:00:01.800Z");
    expect(await log.acquireLease("pump", "node-2", 1000)).toBeNull();
    expect(await log.acquireLease("other", "node-2", 1000)).toMatchObject({ epoch: 1 });
  });

  it("falls free when it lapses, and the next holder has a higher epoch, also where it is the same one", async () => {
    await log.acquireLease("pump", "node-1", 1000);
    setClock("2024-01-01T00:00:00.999Z");
    expect(await log.acquireLease("pump", "node-2", 1000)).toBeNull();
    setClock("2024-01-01T00:00:01.000Z");
    expect(await log.acquireLease("pump", "node-2", 1000)).toEqual({ name: "pump", holder: "node-2", epoch: 2 });
    expect(await log.acquireLease("pump", "node-1", 1000)).toBeNull();
    setClock("2024-01-01T00:00:09.000Z");
    expect(await log.acquireLease("pump", "node-2", 1000)).toMatchObject({ epoch: 3 });
  });

  it("falls free when it is released, and a stale release frees nothing", async () => {
    const first = (await log.acquireLease("pump", "node-1", 1000))!;
    await log.releaseLease(first);
    const second = await log.acquireLease("pump", "node-2", 1000);
    expect(second).toMatchObject({ holder: "node-2", epoch: 2 });
    await log.releaseLease(first);
    await log.releaseLease({ ...second!, epoch: 1 });
    expect(await log.acquireLease("pump", "node-3", 1000)).toBeNull();
    await log.releaseLease(second!);
    expect(await log.acquireLease("pump", "node-1", 1000)).toMatchObject({ epoch: 3 });
  });

  it("lets its holder write state, and nobody with a stale epoch", async () => {
    const first = (await log.acquireLease("pump", "node-1", 1000))!;
    expect(await log.putState("at", 1, 0, first)).toBe(1);
    expect(await log.putState("at", 2, 1, { ...first, holder: "node-2" })).toBeNull();
    expect(await log.putState("at", 2, 1, { ...first, epoch: 2 })).toBeNull();
    expect(await log.putState("at", 2, 1, { ...first, name: "other" })).toBeNull();
    setClock("2024-01-01T00:00:01.000Z");
    expect(await log.putState("at", 2, 1, first)).toBeNull();
    const second = (await log.acquireLease("pump", "node-2", 1000))!;
    expect(await log.putState("at", 2, 1, first)).toBeNull();
    expect(await log.putState("at", 2, 0, second)).toBeNull();
    expect(await log.putState("at", 2, 1, second)).toBe(2);
    await log.releaseLease(second);
    expect(await log.putState("at", 3, 2, second)).toBeNull();
    expect(await log.getState("at")).toEqual({ value: 2, revision: 2 });
  });

  it("of an earlier epoch writes nothing, also where the same holder took it again", async () => {
    const first = (await log.acquireLease("pump", "node-1", 1000))!;
    setClock("2024-01-01T00:00:02.000Z");
    const second = (await log.acquireLease("pump", "node-1", 1000))!;
    expect(await log.putState("at", 1, 0, first)).toBeNull();
    expect(await log.putState("at", 1, 0, second)).toBe(1);
  });

  it("is remembered when the log is opened again", async () => {
    await log.acquireLease("pump", "node-1", 1000);
    await reopen();
    expect(await log.acquireLease("pump", "node-2", 1000)).toBeNull();
    expect(await log.acquireLease("pump", "node-1", 1000)).toMatchObject({ epoch: 1 });
  });
});

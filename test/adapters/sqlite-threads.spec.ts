import { existsSync, rmSync } from "node:fs";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import { eventFields } from "../../core/query/event-fields.ts";
import { parseFields, type Row } from "../../core/rows/fields.ts";
import { parseQuery, queryFieldsOf, type QueryParams } from "../../core/query/query.ts";
import { appendTo, many } from "../../testing/event-log/requests.ts";
import { cleanUp, newFolder } from "../support/broker.ts";
import { leastGap } from "../support/longest-gap.ts";

const fields = parseFields("table", { name: "string", city: { type: "string", index: true }, source: "object" });
const asked = (params: QueryParams) => parseQuery(queryFieldsOf(fields), params);
const unavailable = { type: "STORE_UNAVAILABLE", code: 503, retryable: true };

let folder: string;
let table: SqliteReadTable;

beforeEach(async () => {
  folder = newFolder();
  table = new SqliteReadTable(`${folder}/table.db`);
  await table.open(fields);
});

afterEach(async () => {
  await table.close();
  await cleanUp();
});

const valuesOf = (n: number) => ({ name: `name ${n}`, city: `city ${n % 10}`, source: { n, odd: n % 2 === 1 } });
const rowOf = (n: number): Row => ({ id: `row-${n}`, ...valuesOf(n) });

const reasons = (outcomes: readonly PromiseSettledResult<unknown>[]): unknown[] =>
  outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));

async function add(from: number, to: number, generation = table.live()): Promise<void> {
  const batch = await generation.begin();
  for (let n = from; n < to; n++) batch.apply([{ operation: "create", id: `row-${n}`, values: valuesOf(n) }]);
  batch.commit({ position: to, folded: to, positionId: `${to}`, reordered: false, log: "log" });
}

describe("A query that looks into the objects of many rows", () => {
  const rows = 3000;

  beforeEach(() => add(0, rows));

  it("is answered from another thread, as one that looks at few", async () => {
    const odd = table
      .live()
      .rows.find(asked({ query: { "source.odd": true }, sort: "-source.n", limit: 3, offset: 1 }));
    expect(odd).toBeInstanceOf(Promise);
    expect(await odd).toEqual([2997, 2995, 2993].map(rowOf));
    const counted = table.live().rows.count(asked({ query: { "source.odd": true } }));
    expect(counted).toBeInstanceOf(Promise);
    expect(await counted).toBe(rows / 2);
    expect(await table.live().rows.find(asked({ search: "NAME 2999" }))).toEqual([rowOf(2999)]);
  });

  it("is answered at once where an index leaves few of them", () => {
    expect(table.live().rows.find(asked({ query: { id: "row-7", "source.n": 7 } }))).toEqual([rowOf(7)]);
    expect(table.live().rows.count(asked({ query: { id: { $in: ["row-1", "row-2"] }, "source.odd": true } }))).toBe(1);
  });

  it("answers every row, more than one message carries", async () => {
    const found = await table.live().rows.find(asked({ query: { "source.n": { $gte: 0 } }, sort: "source.n" }));
    expect(found).toEqual(Array.from({ length: rows }, (_, n) => rowOf(n)));
  });

  it("sees what was committed before it was asked", async () => {
    for (let n = rows; n < rows + 20; n++) {
      await add(n, n + 1);
      expect(await table.live().rows.count(asked({ query: { "source.n": { $gte: 0 } } }))).toBe(n + 1);
    }
  });

  it("and others of the same turn speak of one moment, whatever is committed meanwhile", async () => {
    for (let n = rows; n < rows + 20; n++) {
      const found = table.live().rows.find(asked({ sort: "source.n" }));
      const counted = table.live().rows.count(asked({}));
      await add(n, n + 1);
      const [all, count] = [await found, await counted];
      expect(all.length).toBe(count);
    }
  });

  it("is answered by a generation that another has replaced meanwhile, whose file then goes", async () => {
    const old = table.live();
    const found = old.rows.find(asked({ query: { "source.odd": true } }));
    await table.switchTo(await table.build(fields));
    expect((await found).length).toBe(rows / 2);
    await table.close();
    expect(existsSync(old.file)).toBe(false);
  });

  it("fails alone where SQLite refuses it", async () => {
    const [deep, good] = await Promise.allSettled([
      table.live().rows.find({ ...asked({}), where: deepened(3000) }),
      table.live().rows.count(asked({ query: { "source.odd": false } })),
    ]);
    expect(deep).toMatchObject({ status: "rejected", reason: { type: "INVALID_QUERY", code: 422 } });
    expect(good).toMatchObject({ status: "fulfilled", value: rows / 2 });
  });

  it("is refused with 503 where a thousand wait before it, and the others are answered", async () => {
    const query = asked({ query: { "source.odd": true } });
    const answers = await Promise.allSettled(Array.from({ length: 1005 }, async () => table.live().rows.count(query)));
    const counts = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    expect(counts).toEqual(Array.from({ length: 1000 }, () => rows / 2));
    expect(reasons(answers)).toMatchObject(Array.from({ length: 5 }, () => unavailable));
  });

  it("ends with 503 where the table is closed, which leaves nothing behind", async () => {
    const query = asked({ query: { "source.odd": true } });
    const ask = () => Promise.allSettled(Array.from({ length: 200 }, async () => table.live().rows.find(query)));
    const running = ask();
    await new Promise((turn) => setImmediate(turn));
    const waiting = ask();
    await new Promise((turn) => setImmediate(turn));
    const gathered = ask();
    await table.close();
    const refused = reasons([...(await running), ...(await waiting), ...(await gathered)]);
    expect(refused.length).toBeGreaterThan(300);
    for (const reason of refused) expect(reason).toMatchObject(unavailable);
    rmSync(folder, { recursive: true });
  });

  it("is answered at once, from what is not committed, within a batch", async () => {
    const batch = await table.live().begin();
    batch.apply([{ operation: "create", id: "new", values: valuesOf(99_999) }]);
    expect(batch.rows.find(asked({ query: { "source.n": 99_999 } }))).toMatchObject([{ id: "new" }]);
    expect(batch.rows.count(asked({ query: { "source.n": { $gte: 0 } } }))).toBe(rows + 1);
    batch.rollback();
  });

  it("does not hold the event loop", async () => {
    await add(rows, 20_000);
    const source = { n: 0, text: "x".repeat(500) };
    const query = asked({ query: { $or: Array.from({ length: 20 }, (_, n) => ({ source: { ...source, n } })) } });
    await table.live().rows.count(query);
    const gaps = await leastGap(() => table.live().rows.count(query));
    expect(gaps.exceeds(50)).toBe(false);
  });
});

describe("A query of a large table, with indexed fields alone,", () => {
  const rows = 12_000;

  beforeEach(async () => {
    await add(0, rows);
    const batch = await table.live().begin();
    const values = { name: "few", city: "few", source: {} };
    for (const id of ["few-1", "few-2"]) batch.apply([{ operation: "create", id, values }]);
    batch.commit({ position: rows + 1, folded: rows + 1, positionId: "few", reordered: false, log: "log" });
  });

  const cities = Array.from({ length: 10 }, (_, n) => `city ${n}`);

  it.each<[string, QueryParams, string[]]>([
    ["skips many rows", { offset: rows, limit: 2 }, ["row-9998", "row-9999"]],
    ["sorts many of an index", { query: { city: { $in: cities } }, sort: "-id", limit: 1 }, ["row-9999"]],
    ["sorts by id what a range finds", { query: { city: { $gte: "city" } }, limit: 1 }, ["few-1"]],
    [
      "sorts alternatives",
      { query: { $or: [{ city: { $in: cities } }, { id: "few-1" }] }, sort: "-city,id", limit: 1 },
      ["few-1"],
    ],
    ["sorts by further names", { sort: "-city,id", limit: 2 }, ["few-1", "few-2"]],
    [
      "filters what an index finds",
      { query: { city: { $in: cities }, id: { $gt: "row-9" } }, sort: "-id", limit: 1 },
      ["row-9999"],
    ],
  ])("is answered from another thread where it %s", async (_, params, ids) => {
    const found = table.live().rows.find(asked(params));
    expect(found).toBeInstanceOf(Promise);
    expect((await found).map(({ id }) => id)).toEqual(ids);
  });

  it.each<[string, QueryParams, string[]]>([
    ["few rows are sorted", { query: { city: "few" }, sort: "-id" }, ["few-2", "few-1"]],
    [
      "few alternatives are",
      { query: { $or: [{ city: "few" }, { id: "row-2" }] }, sort: "-city,id" },
      ["few-1", "few-2", "row-2"],
    ],
    ["few rows are filtered", { query: { city: "few", id: { $gt: "few-1" } } }, ["few-2"]],
    ["an index has the order", { query: { city: "city 1" }, sort: "city", limit: 1 }, ["row-1"]],
    ["the order is that of the ids", { sort: "-id", offset: 1, limit: 1 }, ["row-9998"]],
    ["a range of ids is in their order", { query: { id: { $gt: "row-9998" } }, limit: 1 }, ["row-9999"]],
  ])("is answered at once where %s", (_, params, ids) => {
    const found = table.live().rows.find(asked(params));
    expect((found as Row[]).map(({ id }) => id)).toEqual(ids);
  });
});

/** Deeper than SQLite's parser allows; no caller can send it. */
function deepened(depth: number): NonNullable<ReturnType<typeof asked>["where"]> {
  let where = asked({ query: { "source.n": 1 } }).where!;
  for (let n = 0; n < depth; n++) where = { not: where };
  return where;
}

describe("Many ids", () => {
  it("are looked up in a thread, in their order, as few are", async () => {
    await add(0, 2000);
    const ids = ["row-5", "nothing", "row-1", "row-5", ...Array.from({ length: 2000 }, (_, n) => `row-${1999 - n}`)];
    const expected = [5, 1, 5, ...Array.from({ length: 2000 }, (_, n) => 1999 - n)].map(rowOf);
    expect(await table.live().rows.findByIds(ids)).toEqual(expected);
  });
});

describe("A log's query", () => {
  let log: SqliteEventLog;

  beforeEach(async () => {
    log = new SqliteEventLog(`${folder}/log.db`, { durability: "process" });
    await log.open();
    for (let n = 0; n < 20; n++) await log.append([appendTo(`stream-${n % 3}`, many(100))]);
  });

  afterEach(() => log.close());

  const query = (params: QueryParams) => parseQuery(eventFields, params);

  it("into payloads finds the events of the log, in their order", async () => {
    const all = (await log.read({ after: 0, limit: 10_000 })).events;
    const found = await log.find(query({ query: { "meta.correlationId": { $exists: true } }, limit: 10_000 }));
    expect(found.slice(0, all.length)).toEqual(all);
    expect(await log.count(query({ query: { "meta.correlationId": { $exists: true } } }))).toBe(await log.head());
  });

  it("ends with 503 where the log is closed", async () => {
    const asking = Promise.allSettled(
      Array.from({ length: 50 }, () => log.count(query({ query: { "meta.correlationId": "nobody's" } }))),
    );
    await log.close();
    const refused = reasons(await asking);
    expect(refused.length).toBeGreaterThan(0);
    for (const reason of refused) expect(reason).toMatchObject(unavailable);
    rmSync(`${folder}/log.db`);
  });
});

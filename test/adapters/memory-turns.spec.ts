import { memory } from "moleculer-event-sourcing/adapters/memory";
import type { EventLog } from "../../core/log/event-log.ts";
import { eventFields } from "../../core/query/event-fields.ts";
import { parseFields } from "../../core/rows/fields.ts";
import { parseQuery, queryFieldsOf, type QueryParams } from "../../core/query/query.ts";
import type { ReadTable } from "../../core/table/read-table.ts";
import { appendTo, many } from "../../testing/event-log/requests.ts";
import { leastGap } from "../support/longest-gap.ts";

const fields = parseFields("table", { name: "string", source: "object" });
const asked = (params: QueryParams) => parseQuery(queryFieldsOf(fields), params);
const progress = { position: 1, folded: 1, positionId: null, reordered: false, log: "log" };
const count = 20_000;

describe("A query of many rows in memory", () => {
  let table: ReadTable;

  beforeEach(async () => {
    table = memory().readTable!("table");
    await table.open(fields);
    await change((n) => [{ operation: "create", id: `row-${n}`, values: { name: `name ${n % 7}`, source: { n } } }]);
  });

  afterEach(() => table.close());

  async function change(changesOf: (n: number) => Parameters<Awaited<ReturnType<typeof begin>>["apply"]>[0]) {
    const batch = await begin();
    for (let n = 0; n < count; n++) await batch.apply(changesOf(n));
    await batch.commit(progress);
  }

  const begin = async () => table.live().begin();

  it("speaks of the moment when it was asked, whatever changes meanwhile", async () => {
    const { rows } = table.live();
    const found = rows.find(asked({ query: { "source.n": { $gte: 0 } }, sort: "-source.n" }));
    const counted = rows.count(asked({ query: { "source.n": { $gte: 0 } } }));
    await change((n) => [n % 2 ? { operation: "remove", id: `row-${n}` } : changed(n)]);
    expect((await found).map(({ source }) => source)).toEqual(
      Array.from({ length: count }, (_, n) => ({ n: count - 1 - n })),
    );
    expect(await counted).toBe(count);
    expect(await rows.count(asked({ query: { "source.n": -1 } }))).toBe(count / 2);
  });

  const changed = (n: number) => ({ operation: "update" as const, id: `row-${n}`, values: { source: { n: -1 } } });

  it("sorts them as few are sorted, and those that are equal by their ids", async () => {
    const found = await table.live().rows.find(asked({ sort: "name", limit: 3000, offset: 100 }));
    const expected = Array.from({ length: count }, (_, n) => ({ id: `row-${n}`, name: `name ${n % 7}` }))
      .toSorted((a, b) => (a.name === b.name ? (a.id < b.id ? -1 : 1) : a.name < b.name ? -1 : 1))
      .slice(100, 3100);
    expect(found.map(({ id, name }) => ({ id, name }))).toEqual(expected);
  });

  it("does not hold the event loop", async () => {
    const gaps = await leastGap(() => table.live().rows.find(asked({ search: "name", sort: "-source.n" })));
    expect(gaps.exceeds(50)).toBe(false);
  });

  it("is answered at once within a batch, and where it looks at few", async () => {
    const batch = await begin();
    expect(batch.rows.count(asked({ query: { "source.n": 5 } }))).toBe(1);
    await batch.rollback();
    expect(table.live().rows.find(asked({ query: { id: "row-1" } }))).toMatchObject([{ id: "row-1" }]);
  });
});

describe("A look at many events in memory", () => {
  let log: EventLog;

  beforeEach(async () => {
    log = memory().eventLog!("events");
    await log.open();
    for (let n = 0; n < 20; n++) await log.append([appendTo(`stream-${n}`, many(1000))]);
  });

  afterEach(() => log.close());

  const query = (params: QueryParams) => parseQuery(eventFields, params);

  it("speaks of the moment when it was asked", async () => {
    const found = log.find(query({ query: { "meta.correlationId": "request-1" } }));
    const counted = log.count(query({ query: { "meta.correlationId": "request-1" } }));
    await log.append([appendTo("stream-1")]);
    expect((await found).length).toBe(20_000);
    expect(await counted).toBe(20_000);
  });

  it("takes a stretch of positions for the whole query", async () => {
    const positions = async (asked: object) =>
      (await log.find(query({ query: asked }))).map(({ position }) => position);
    expect(await positions({ position: { $gt: 19_998 } })).toEqual([19_999, 20_000]);
    expect(await positions({ position: { $gte: 5, $lt: 8 }, type: "thing.happened" })).toEqual([5, 6, 7]);
    expect(await positions({ position: { $lte: 2.5 } })).toEqual([1, 2]);
    expect(await positions({ position: { $gt: 2, $lt: 2 } })).toEqual([]);
    expect(await positions({ $or: [{ position: { $gt: 19_999 } }, { position: { $lt: 2 } }] })).toEqual([1, 20_000]);
  });

  it("lists streams in their order, also when others come meanwhile", async () => {
    const names = async (after: string, limit: number) =>
      (await log.streams({ after, limit })).map(({ stream }) => stream);
    expect(await names("stream-2", 2)).toEqual(["stream-3", "stream-4"]);
    await log.append([appendTo("stream-30")]);
    expect(await names("stream-2", 2)).toEqual(["stream-3", "stream-30"]);
  });

  it("does not hold the event loop", async () => {
    const gaps = await leastGap(async () => {
      await log.find(query({ search: "nothing of it" }));
      await log.readStream("stream-1", { afterVersion: 0, limit: 10, wanted: () => false });
    });
    expect(gaps.exceeds(50)).toBe(false);
  });
});

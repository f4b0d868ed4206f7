import { Aggregate, EventStore, type RecordedEvent } from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { engines } from "../../adapters/engines.ts";
import { resolveAdapter, type Adapter } from "../../core/adapter.ts";
import type { EventLog } from "../../core/log/event-log.ts";
import { checkRow, parseFields, type FieldType, type Row } from "../../core/rows/fields.ts";
import { parseQuery, type QueryFields, type QueryParams } from "../../core/query/query.ts";
import type { Progress, ReadTable, Rows } from "../../core/table/read-table.ts";
import { caughtUp, cleanUp, refusal, startBroker } from "../support/broker.ts";
import { appendTo, ask, stored } from "../../testing/event-log/requests.ts";
import { randomFrom } from "../../testing/kit/random.ts";
import { idsOf } from "../../testing/read-table/plain-query.ts";
import { randomQuery, randomRow } from "../../testing/read-table/random-query.ts";
import { eventsIn } from "../support/pages.ts";

const ports: (EventLog | ReadTable)[] = [];

afterEach(async () => {
  for (const port of ports.splice(0)) await port.close();
  await cleanUp();
});

const fields = parseFields("table", {
  name: { type: "string", index: true },
  count: { type: "integer", index: true },
  price: "number",
  isOpen: "boolean",
  at: "date",
  address: "object",
  tags: "array",
});
const queryFields: QueryFields = new Map<string, { type: FieldType }>([["id", { type: "string" }], ...fields]);
const done: Progress = { position: 1, folded: 1, positionId: null, reordered: false, log: "log" };
const resolve = (connectionString: string) => resolveAdapter(engines, connectionString);

async function openLog(adapter: Adapter): Promise<EventLog> {
  const log = adapter.eventLog!("events");
  ports.push(log);
  await log.open();
  return log;
}

async function openTable(adapter: Adapter): Promise<ReadTable> {
  const table = adapter.readTable!("table");
  ports.push(table);
  await table.open(fields);
  return table;
}

/** Whether both share their data. */
async function isShared(one: Adapter, other: Adapter): Promise<boolean> {
  const log = await openLog(one);
  const before = await log.head();
  await log.append([appendTo("a")]);
  await log.close();
  const again = await openLog(other);
  const head = await again.head();
  await again.close();
  return head === before + 1;
}

const find = async (rows: Rows, params: QueryParams): Promise<Row[]> => rows.find(parseQuery(queryFields, params));

async function store(table: ReadTable, rows: readonly Row[]): Promise<void> {
  const batch = await table.live().begin();
  await batch.apply(rows.map((row) => ({ operation: "create", id: row.id, values: checkRow(fields, row) })));
  await batch.commit(done);
}

describe("A place in memory", () => {
  it("says what it promises", () => {
    expect(memory().eventLog!("events").capabilities).toEqual({ durability: "none", hosts: "one", backup: false });
    expect(memory().readTable!("table").capabilities).toEqual({ durability: "none", hosts: "one", atomicBatch: true });
  });

  it("keeps log and tables of a broker that stops and starts again", async () => {
    const events = EventStore<{ "thing.made": { name: string } }>("events", { adapter: memory() });
    const table = Aggregate("table", { eventStore: events, fields: { name: "string" } })
      .on("thing.made")
      .create((event) => ({ id: event.id, ...event.payload }));
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), table.mixin()] }]);
    const append = (name: string) =>
      broker.call("events.append", { stream: "thing-1", events: [{ type: "thing.made", payload: { name } }] });
    await append("first");
    await caughtUp(broker, "table");
    await broker.stop();
    await broker.start();
    expect(await broker.call("table.find")).toMatchObject([{ name: "first" }]);
    await append("second");
    await caughtUp(broker, "table");
    expect(await eventsIn(broker.call<{ events: RecordedEvent[] }, object>("events.read", {}))).toMatchObject([
      { position: 1, version: 1, payload: { name: "first" } },
      { position: 2, version: 2, payload: { name: "second" } },
    ]);
    expect(await broker.call("table.find", { sort: "name" })).toMatchObject([{ name: "first" }, { name: "second" }]);
  });

  it.each<[string, (adapter: Adapter) => EventLog | ReadTable]>([
    ["log", (adapter) => adapter.eventLog!("events")],
    ["table", (adapter) => adapter.readTable!("table")],
  ])("has one host of its %s at a time", async (_, port) => {
    const adapter = memory();
    const [first, second] = [port(adapter), port(adapter)];
    ports.push(first, second);
    await first.open(fields);
    await first.open(fields);
    expect(await refusal(() => second.open(fields))).toMatchObject({
      name: "UnusableStoreError",
      type: "UNUSABLE_STORE",
      code: 500,
      message: expect.stringContaining("is hosted by another process or broker"),
    });
    // A refused host holds nothing, so its close releases nothing.
    await second.close();
    expect(await refusal(() => second.open(fields))).toMatchObject({ type: "UNUSABLE_STORE" });
    await first.close();
    await second.open(fields);
  });

  it("holds a log or a table, not both", async () => {
    const adapter = memory();
    await (await openLog(adapter)).close();
    expect(await refusal(() => openTable(adapter))).toMatchObject({ type: "UNUSABLE_STORE" });
    expect(await (await openLog(adapter)).head()).toBe(0);
  });

  it("without a name is its own for each adapter", async () => {
    expect(await isShared(memory(), memory())).toBe(false);
    expect(await isShared(resolve("memory:"), resolve("memory:"))).toBe(false);
    expect(memory().location).not.toBe(memory().location);
    expect(memory().location).toMatch(/^memory:[0-9a-f-]{36}$/);
  });

  it("with a name is the same for the whole process", async () => {
    expect(await isShared(memory("shared by name"), resolve("memory:shared by name"))).toBe(true);
    expect(await isShared(memory("shared by name"), memory("Shared by name"))).toBe(false);
    expect(resolve("memory:shared by name").location).toBe("memory:shared by name");
  });

  it.each([
    ["with a name", memory("with places beside it")],
    ["without a name", memory()],
  ])("%s has further places beside it, the same whenever they are asked for", async (_, adapter) => {
    const beside = (name: string) => adapter.beside!(name);
    expect(await isShared(beside("table"), beside("table"))).toBe(true);
    expect(await isShared(beside("table"), beside("other"))).toBe(false);
    expect(await isShared(beside("table"), adapter)).toBe(false);
    expect(await isShared(beside("table"), memory().beside!("table"))).toBe(false);
    const locations = [adapter.location, beside("table").location, beside("other").location];
    expect(new Set(locations).size).toBe(3);
  });
});

describe("A definition in memory", () => {
  it.each<[string, () => unknown, string]>([
    ["an option in a connection string", () => resolve("memory:shop?durability=power"), "adapter.durability"],
    ["an option without a name", () => resolve("memory:?keep"), "adapter.keep"],
    ["a name with a control character", () => resolve("memory:a\nb"), "adapter"],
    ["a name of 300 characters", () => memory("x".repeat(300)), "adapter"],
    ["an empty name", () => memory(""), "adapter"],
    ["a name that is none", () => memory(null as never), "adapter"],
  ])("is refused for %s", async (_, define, field) => {
    const error = await refusal(define);
    expect(error).toMatchObject({ name: "DefinitionError", type: "DEFINITION", code: 500 });
    expect(error.data).toMatchObject([{ field, expected: expect.any(String) as string }]);
  });
});

describe("A port that is closed", () => {
  it.each<[string, (log: EventLog) => unknown]>([
    ["identity", (log) => log.identity()],
    ["append", (log) => log.append([])],
    ["head", (log) => log.head()],
    ["read", (log) => log.read({ after: 0, limit: 1 })],
    ["readStream", (log) => log.readStream("a", { afterVersion: 0, limit: 1 })],
    ["find", (log) => log.find(ask())],
    ["count", (log) => log.count(ask())],
    ["findByIds", (log) => log.findByIds([])],
    ["streams", (log) => log.streams({ limit: 1 })],
    ["control.get", (log) => log.control.get("key")],
    ["control.put", (log) => log.control.put("key", 1, 0)],
    ["control.acquireLease", (log) => log.control.acquireLease("name", "holder", 1)],
    ["control.releaseLease", (log) => log.control.releaseLease({ name: "name", holder: "holder", epoch: 1 })],
  ])("refuses %s of a log", async (_, call) => {
    const log = await openLog(memory());
    await call(log);
    await log.close();
    expect(await refusal(() => call(log))).toMatchObject({ type: "STORE_UNAVAILABLE", code: 503, retryable: true });
  });

  it("refuses everything of a table, also what was handed out before", async () => {
    const table = await openTable(memory());
    const live = table.live();
    const built = await table.build(fields);
    const batch = await live.begin();
    const calls = [
      () => table.live(),
      () => table.build(fields),
      () => table.switchTo(built),
      () => table.drop(built),
      () => live.begin(),
      () => live.progress(),
      () => live.parked(),
      () => find(live.rows, {}),
      () => live.rows.count(parseQuery(queryFields, {})),
      () => live.rows.findByIds([]),
      () => batch.apply([]),
      () => batch.mark(),
      () => batch.unpark("id"),
      () => batch.commit(done),
      () => find(batch.rows, {}),
      () => built.begin(),
    ];
    await table.close();
    for (const call of calls)
      expect([String(call), await refusal(call)]).toMatchObject([String(call), { type: "STORE_UNAVAILABLE" }]);
    await table.open(fields);
    expect(await find(table.live().rows, {})).toEqual([]);
    expect(await refusal(() => find(live.rows, {}))).toMatchObject({ type: "STORE_UNAVAILABLE" });
  });

  it("lets a second batch wait for the first", async () => {
    const table = await openTable(memory());
    const first = await table.live().begin();
    expect(await refusal(() => table.live().begin())).toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
    await first.rollback();
    await table.live().begin();
  });
});

describe("What is stored in memory", () => {
  it("of events cannot be changed", async () => {
    const log = await openLog(memory());
    const request = appendTo("a", [{ payload: { list: [{ n: 1 }] }, meta: { by: { name: "ann" } } }]);
    const [verdict] = await log.append([request]);
    const id = request.events[0]!.id;
    const all = async () => [
      ...stored(verdict),
      ...(await log.read({ after: 0, limit: 1 })).events,
      ...(await log.readStream("a", { afterVersion: 0, limit: 1 })),
      ...(await log.find(ask())),
      ...(await log.findByIds([id])),
    ];
    for (const event of await all()) {
      (event.payload["list"] as { n: number }[])[0]!.n = 2;
      (event.meta["by"] as { name: string }).name = "eve";
      Object.assign(event, { type: "changed", version: 9, position: 9 });
    }
    for (const event of (await all()).slice(1))
      expect(event).toMatchObject({
        type: "thing.happened",
        version: 1,
        position: 1,
        payload: { list: [{ n: 1 }] },
        meta: { by: { name: "ann" } },
      });
  });

  it("of control state cannot be changed", async () => {
    const log = await openLog(memory());
    const value = { list: [1] };
    await log.control.put("key", value, 0);
    value.list.push(2);
    ((await log.control.get("key"))!.value as typeof value).list.push(3);
    expect(await log.control.get("key")).toEqual({ value: { list: [1] }, revision: 1 });
  });

  it("of rows, parked events, progress and fields cannot be changed", async () => {
    const table = await openTable(memory());
    const values = { address: { list: [{ n: 1 }] }, tags: [{ n: 1 }] };
    const parked = {
      id: "e1",
      type: "t",
      stream: "s",
      version: 1,
      position: 1,
      attempts: 1,
      parkedAt: "now",
      waiting: 0,
    };
    const error = { name: "Error", message: "x" };
    const progress = { ...done };
    const batch = await table.live().begin();
    await batch.apply([{ operation: "create", id: "1", values }]);
    await batch.park({ ...parked, error });
    values.address.list[0]!.n = 2;
    for (const row of await find(batch.rows, {})) (row["tags"] as unknown[]).pop();
    await batch.commit(progress);
    error.message = "y";
    progress.position = 99;
    const { rows } = table.live();
    for (const row of [...(await find(rows, {})), ...(await rows.findByIds(["1"]))])
      Object.assign(row["address"] as object, { list: [] });
    Object.assign(await table.live().progress(), { position: 99 });
    expect(await find(rows, { query: { "address.list.n": 1 } })).toMatchObject([
      { id: "1", address: { list: [{ n: 1 }] }, tags: [{ n: 1 }] },
    ]);
    expect(await table.live().parked()).toMatchObject([{ error: { message: "x" } }]);
    expect(await table.live().progress()).toEqual(done);
  });
});

describe("A query in memory", () => {
  const seeds = process.env["SEED"] === undefined ? [1, 2, 3, 4] : [Number(process.env["SEED"])];

  it.each(seeds)("answers as plain loops over the rows do, committed or in a batch, seed %p", async (seed) => {
    const random = randomFrom(seed);
    const given = Array.from({ length: 60 }, (_, index) => randomRow(random, index));
    const table = await openTable(memory());
    await store(table, given.slice(0, 40));
    const committed = new Map(given.slice(0, 40).map((row) => [row.id, { ...row }]));
    // Some are changed, some removed and some new, so that the batch reads both layers.
    const batch = await table.live().begin();
    const changed = new Map(committed);
    for (const [index, row] of given.entries()) {
      const { id } = row;
      const more = index < 40 ? randomRow(random, index) : row;
      if (index >= 40 || index % 3 === 0) {
        await batch.apply([{ operation: "update", id, values: checkRow(fields, more) }]);
        changed.set(id, { ...changed.get(id), ...more, id });
      } else if (index % 5 === 0) {
        await batch.apply([{ operation: "remove", id }]);
        changed.delete(id);
      }
    }
    const layers = [
      [table.live().rows, committed],
      [batch.rows, changed],
    ] as const;
    for (const [rows, model] of layers) {
      const nothing = Object.fromEntries([...fields.keys()].map((name) => [name, null]));
      const known = [...model.values()].map((row): Row => ({ ...nothing, ...row }));
      expect(await rows.findByIds(given.map(({ id }) => id))).toEqual(known);
      for (let turn = 0; turn < 100; turn++) {
        const params = randomQuery(random);
        const expected = idsOf(known, params);
        const ids = (await find(rows, params)).map(({ id }) => id);
        const count = await rows.count(parseQuery(queryFields, params));
        // The seed and the query are compared, too, so that a failure prints them.
        const asked = { seed, turn, params: JSON.stringify(params) };
        expect({ ...asked, ids, count }).toEqual({ ...asked, ids: expected.page, count: expected.total });
      }
    }
  });
});

import { join } from "node:path";
import Database from "better-sqlite3";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import DbService from "moleculer-db";
import { rowDecoder } from "../../adapters/sqlite/row-codec.ts";
import { parseFields, type Row } from "../../core/fields.ts";
import { Aggregate, EventStore } from "../../index.ts";
import { expectSame } from "../check.ts";
import { sizeOf } from "../fixtures.ts";
import type { Goal, Part, Stage } from "../part.ts";
import { cityOf, propertyFields, propertyOf, rowsPerCity } from "../properties.ts";
import { median } from "../statistics.ts";

/** The three queries; each answers its rows. */
interface Queries {
  /** One row, by a field with an index. */
  find(code: string): Promise<Row[]> | Row[];
  /** The rows of one city and how many there are. */
  list(city: string): Promise<Row[]> | Row[];
  /** A page of all rows and how many there are. */
  page(page: number): Promise<Row[]> | Row[];
}

/** Times each query on rows that lie far apart; medians in microseconds. */
async function run(stage: Stage, rows: number, queries: Queries) {
  const ask = async (
    count: number,
    query: (number: number) => Promise<Row[]> | Row[],
    expected: (number: number) => number[],
  ) => {
    const times: number[] = [];
    for (let index = 0; index < count * 1.1; index++) {
      const number = (index * 7919 * rowsPerCity) % rows;
      const start = performance.now();
      const found = await query(number);
      if (index >= count / 10) times.push((performance.now() - start) * 1000);
      const amounts = found.map(({ amount }) => amount as number).toSorted((a, b) => a - b);
      expectSame("rows", amounts, expected(number));
    }
    return median(times);
  };
  const hundred = (from: number) => Array.from({ length: rowsPerCity }, (_, index) => from + index);
  const first = (number: number) => number - (number % rowsPerCity);
  const pageOf = (number: number) => (number / rowsPerCity) % 5;
  let figures = { find: 0, list: 0, page: 0 };
  await stage.timed(async () => {
    figures = {
      find: await ask(
        stage.size(3000, 200),
        (number) => queries.find(`code-${number}`),
        (number) => [number],
      ),
      list: await ask(
        stage.size(1000, 100),
        (number) => queries.list(cityOf(number)),
        (number) => hundred(first(number)),
      ),
      // Among the first pages: skipping many rows takes every engine long.
      page: await ask(
        10,
        (number) => queries.page(1 + pageOf(number)),
        (number) => hundred(pageOf(number) * rowsPerCity),
      ),
    };
  });
  return figures;
}

const throughBroker = (broker: ServiceBroker, service: string): Queries => {
  const list = async (params: object) =>
    (await broker.call<{ rows: Row[] }, object>(`${service}.list`, { ...params, pageSize: rowsPerCity })).rows;
  return {
    find: (code) => broker.call(`${service}.find`, { query: { code } }),
    list: (city) => list({ query: { city } }),
    page: (page) => list({ page }),
  };
};

async function ours(stage: Stage) {
  const events = EventStore("benchEventStore", { adapter: `sqlite:${join(stage.folder, "log.db")}` });
  const properties = Aggregate("properties", {
    eventStore: events,
    fields: propertyFields,
    adapter: `sqlite:${join(stage.fixture("table"), "table.db")}`,
  })
    .on("nothing.happens")
    .create(() => null);
  const broker = new ServiceBroker({ nodeID: "bench", logger: false });
  broker.createService({ name: "bench", mixins: [events.mixin(), properties.mixin()] });
  await broker.start();
  const figures = await run(stage, sizeOf("table", stage.quick), throughBroker(broker, "properties"));
  await broker.stop();
  return figures;
}

async function raw(stage: Stage) {
  const db = new Database(join(stage.fixture("table"), "table.1.db"), { readonly: true });
  const decode = rowDecoder(parseFields("raw", propertyFields));
  const select = `SELECT id, ${Object.keys(propertyFields).join(", ")} FROM "rows"`;
  const rows = (sql: string) => {
    const statement = db.prepare<unknown[], unknown[]>(sql).raw();
    return (...values: unknown[]) => statement.all(...values).map(decode);
  };
  const byCode = rows(`${select} WHERE code = ? ORDER BY id`);
  const byCity = rows(`${select} WHERE city = ? ORDER BY id LIMIT ${rowsPerCity}`);
  const page = rows(`${select} ORDER BY id LIMIT ${rowsPerCity} OFFSET ?`);
  const countCity = db.prepare(`SELECT count(*) FROM "rows" WHERE city = ?`).pluck();
  const countAll = db.prepare(`SELECT count(*) FROM "rows"`).pluck();
  const all = sizeOf("table", stage.quick);
  const figures = await run(stage, all, {
    find: (code) => byCode(code),
    list: (city) => {
      expectSame("rows of a city", countCity.get(city), rowsPerCity);
      return byCity(city);
    },
    page: (number) => {
      expectSame("rows", countAll.get(), all);
      return page((number - 1) * rowsPerCity);
    },
  });
  db.close();
  return figures;
}

/** NeDB keeps documents in memory: a million of these take 1.2 GB, and each node would fill them anew at its start. */
async function moleculerDb(stage: Stage) {
  const rows = sizeOf("table", stage.quick);
  const broker = new ServiceBroker({ nodeID: "bench", logger: false });
  const schema: ServiceSchema & { adapter: object } = {
    name: "properties",
    mixins: [DbService as unknown as ServiceSchema],
    adapter: new DbService.MemoryAdapter(),
  };
  const service = broker.createService(schema);
  await broker.start();
  const { adapter } = service as unknown as { adapter: MemoryAdapter };
  for (const fieldName of ["code", "city"]) await adapter.db.ensureIndex({ fieldName });
  const perInsert = 10_000;
  for (let from = 0; from < rows; from += perInsert)
    await adapter.insertMany(
      Array.from({ length: perInsert }, (_, index) => {
        const { id, ...values } = propertyOf(from + index);
        return { _id: id, ...values };
      }),
    );
  const figures = await run(stage, rows, throughBroker(broker, "properties"));
  await broker.stop();
  return figures;
}

interface MemoryAdapter {
  db: { ensureIndex(options: { fieldName: string }): Promise<void> };
  insertMany(documents: object[]): Promise<unknown>;
}

const goals: Goal[] = [{ beside: "moleculer-db", must: 1 }];

export const queries: Part = {
  fixtures: ["table"],
  cases: [
    {
      name: "find and list",
      workload:
        "1,000,000 rows, asked through the broker; medians. find: one row by an indexed field. list: the 100 rows of an indexed field's value, and their number. page: 100 of all rows, and the number of all. moleculer-db: its memory adapter with the same rows and indexes.",
      figures: { find: { unit: "us", goals }, list: { unit: "us", goals }, page: { unit: "us", goals } },
      contestants: { ours, raw, "moleculer-db": moleculerDb },
    },
  ],
};

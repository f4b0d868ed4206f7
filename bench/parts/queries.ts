import { join } from "node:path";
import { ServiceBroker } from "moleculer";
import type { Row } from "../../core/rows/fields.ts";
import { Aggregate, EventStore } from "../../index.ts";
import { expectSame } from "../check.ts";
import { sizeOf } from "../fixtures.ts";
import type { Goal, Part, Stage } from "../part.ts";
import {
  cityOf,
  propertyFields,
  rowsPerCity,
  serviceName,
  throughBroker,
  type PropertyQueries,
} from "../properties.ts";
import { median } from "../statistics.ts";
import { startMemoryAdapter } from "../stores/moleculer-db.ts";
import { RawProperties } from "../stores/raw-properties.ts";

/** Times each query on rows that are far apart; returns medians in microseconds. */
async function run(stage: Stage, rows: number, queries: PropertyQueries) {
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
      // One of the first pages: skipping many rows is slow on every engine.
      page: await ask(
        10,
        (number) => queries.page(1 + pageOf(number)),
        (number) => hundred(pageOf(number) * rowsPerCity),
      ),
    };
  });
  return figures;
}

async function ours(stage: Stage) {
  const events = EventStore("benchEventStore", { adapter: `sqlite:${join(stage.folder, "log.db")}` });
  const properties = Aggregate(serviceName, {
    eventStore: events,
    fields: propertyFields,
    adapter: `sqlite:${join(stage.fixture("table"), "table.db")}`,
  })
    .on("nothing.happens")
    .create(() => null);
  const broker = new ServiceBroker({ nodeID: "bench", logger: false });
  broker.createService({ name: "bench", mixins: [events.mixin(), properties.mixin()] });
  await broker.start();
  const figures = await run(stage, sizeOf("table", stage.quick), throughBroker(broker));
  await broker.stop();
  return figures;
}

async function raw(stage: Stage) {
  const rows = sizeOf("table", stage.quick);
  const table = new RawProperties(join(stage.fixture("table"), "table/1.db"), rows);
  const figures = await run(stage, rows, table);
  table.close();
  return figures;
}

async function moleculerDb(stage: Stage) {
  const rows = sizeOf("table", stage.quick);
  const broker = await startMemoryAdapter(rows);
  const figures = await run(stage, rows, throughBroker(broker));
  await broker.stop();
  return figures;
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

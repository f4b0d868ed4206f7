import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { checkTable, expectSame, foldedRows } from "../check.ts";
import type { Payload } from "../events.ts";
import { sizeOf } from "../fixtures.ts";
import type { Case, Goal, Part, Stage, Work } from "../part.ts";
import { Ours, tableFile, type TransformKind } from "../stores/ours.ts";
import { RawLog } from "../stores/raw.ts";
import { RawTable } from "../stores/raw-table.ts";

const perPage = 1000;
const perBatch = 500;

/** Folds the fixture's events into a new and empty table. The clock starts once its service is available. */
const ours =
  (kind: TransformKind): Work =>
  async (stage) => {
    const events = sizeOf("log", stage.quick);
    const ours = await Ours.start(join(stage.fixture("log"), "log.db"));
    await ours.pause();
    await ours.addTable(stage.folder, kind);
    const ms = await stage.timed(async () => {
      await ours.resume();
      await ours.folded(events);
    });
    await ours.stop();
    checkTable(tableFile(stage.folder), events, { queried: kind.endsWith("query") });
    return { rate: (events * 1000) / ms };
  };

/** Reads pages as large as ours, and commits as many events at once. */
const raw =
  (queried: boolean): Work =>
  async (stage) => {
    const events = sizeOf("log", stage.quick);
    const log = new RawLog(join(stage.fixture("log"), "log.db"));
    const file = join(stage.folder, "raw.db");
    const table = new RawTable(file);
    const ms = await stage.timed(() => {
      for (let after = 0; after < events;) {
        const page = log.page(after, perPage);
        for (let from = 0; from < page.length; from += perBatch) {
          const batch = page.slice(from, from + perBatch);
          after = batch.at(-1)!.position;
          table.fold(
            batch.map(({ payload }) => payload as Payload),
            after,
            queried,
          );
        }
      }
    });
    for (const one of [table, log]) one.close();
    checkTable(file, events, { queried });
    return { rate: (events * 1000) / ms };
  };

/** Its checkpoint is not checked: in this version it stays at the end of the first batch. */
async function emmett(stage: Stage) {
  const { Emmett } = await import("../stores/emmett.ts");
  const events = sizeOf("emmett-log", stage.quick);
  // Its table and checkpoint are in the log's file, so each repeat gets a copy.
  const file = join(stage.folder, "log.db");
  copyFileSync(join(stage.fixture("emmett-log"), "log.db"), file);
  const emmett = new Emmett(file);
  await emmett.connection.command(
    `CREATE TABLE "rows" (id TEXT PRIMARY KEY, name TEXT, city TEXT, amount INTEGER, total INTEGER, events INTEGER)`,
  );
  await emmett.connection.command(`CREATE INDEX rows_city ON "rows" (city)`);
  const ms = await stage.timed(() =>
    emmett.consume(events, ({ id, name, city, amount }, connection) =>
      connection.command(
        `INSERT INTO "rows" VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT (id) DO UPDATE SET name = excluded.name,
         city = excluded.city, amount = excluded.amount, total = excluded.total, events = excluded.events`,
        [id, name, city, amount, amount],
      ),
    ),
  );
  const [found] = await emmett.connection.query<object>(
    `SELECT count(*) AS rows, sum(total) AS sum, sum(events) AS events FROM "rows"`,
  );
  emmett.close();
  expectSame<object>("rows", { ...found }, foldedRows(events, false));
  return { rate: (events * 1000) / ms };
}

function catchUpBy(kind: TransformKind, goals: Goal[]): Case {
  const queried = kind.endsWith("query");
  return {
    name: `catch-up, ${kind}`,
    workload:
      `One table is folded from 100,000 events of 1,000 streams, a row for each stream; the transform is ${kind.startsWith("action") ? "an action" : "a function"}` +
      `${queried ? " that reads its own row first" : ""}. raw: read, parse, ${queried ? "select, " : ""}upsert, checkpoint in the same batches.` +
      (kind === "function" ? " Emmett: its consumer in batches of 1,000 without pauses, on 10,000 events." : ""),
    figures: { rate: { unit: "events/s", goals } },
    contestants: { ours: ours(kind), raw: raw(queried), ...(kind === "function" && { emmett }) },
  };
}

export const catchUp: Part = {
  fixtures: ["log", "emmett-log"],
  cases: [
    catchUpBy("function", [
      { beside: "raw", must: 0.6, aim: 0.9 },
      { beside: "emmett", must: 20, aim: 50 },
    ]),
    catchUpBy("function with a query", [{ beside: "raw", must: 0.6, aim: 0.9 }]),
    catchUpBy("action", [{ beside: "raw", must: 0.4, aim: 0.7 }]),
    catchUpBy("action with a query", [{ beside: "raw", must: 0.4, aim: 0.7 }]),
  ],
};

import { join } from "node:path";
import Database from "better-sqlite3";
import { callersAppend } from "../callers.ts";
import { expectSame } from "../check.ts";
import { payloadOf } from "../events.ts";
import { pace } from "../pace.ts";
import type { Case, Goal, Part, Stage, Work } from "../part.ts";
import { percentile } from "../statistics.ts";
import { Ours } from "../stores/ours.ts";
import { RawLog } from "../stores/raw.ts";
import { RawTable } from "../stores/raw-table.ts";

/** Appends the event with this number to its own stream, and reads its row; returns the amount in it. */
type AppendAndSee = (number: number) => Promise<number> | number;

const entityOf = (number: number) => `v${number}`;

/** Measures our package, with a table that folds the appended events. */
const ours =
  (measure: (stage: Stage, see: AppendAndSee) => Promise<Record<string, number>>): Work =>
  async (stage) => {
    const ours = await Ours.start(join(stage.folder, "log.db"));
    await ours.addTable(stage.folder);
    const figures = await measure(stage, async (number) => {
      const entity = entityOf(number);
      const { position } = await ours.append(payloadOf(entity, number), 0);
      return (await ours.rowAfter(entity, position)).amount;
    });
    await ours.stop();
    return figures;
  };

/** A commit in the log, a commit in the table, a read on a second connection. */
const raw =
  (measure: (stage: Stage, see: AppendAndSee) => Promise<Record<string, number>>): Work =>
  async (stage) => {
    const log = new RawLog(join(stage.folder, "log.db"));
    const table = new RawTable(join(stage.folder, "raw.db"));
    const reader = new Database(join(stage.folder, "raw.db"), { readonly: true });
    const read = reader.prepare<[string], { amount: number }>(`SELECT * FROM "rows" WHERE id = ?`);
    let position = 0;
    const figures = await measure(stage, (number) => {
      const payload = payloadOf(entityOf(number), number);
      log.append([{ entity: payload.id, version: 0, payloads: [payload] }]);
      table.fold([payload], ++position, false);
      return read.get(payload.id)!.amount;
    });
    for (const one of [reader, log, table]) one.close();
    return figures;
  };

const inFigures = (times: number[]) => ({ p50: percentile(times, 0.5), p99: percentile(times, 0.99) });

/** One caller that pauses between two appends, so that the system is otherwise idle. */
async function idle(stage: Stage, see: AppendAndSee) {
  const times: number[] = [];
  const seeOnce = async (number: number) => {
    await new Promise((resolve) => setTimeout(resolve, 3));
    const start = performance.now();
    const found = await see(number);
    times.push(performance.now() - start);
    expectSame("amount", found, number);
  };
  const count = stage.size(1000, 100);
  for (let number = 0; number < count / 10; number++) await seeOnce(number);
  times.length = 0;
  await stage.timed(async () => {
    for (let number = 0; number < count; number++) await seeOnce(count + number);
  });
  return inFigures(times);
}

const callers = 64;

/** First the highest rate of many callers; then half of it, steadily. */
async function busy(stage: Stage, see: AppendAndSee) {
  const count = stage.size(5000, 500);
  const seeChecked = async (number: number) => expectSame("amount", await see(number), number);
  const seeAll = (events: number, from: number) =>
    callersAppend({ callers, events, from }, (_entity, _version, number) => seeChecked(number));
  await seeAll(count / 5, 0);
  let highest = 0;
  let times: number[] = [];
  await stage.timed(async () => {
    const start = performance.now();
    await seeAll(count, count / 5);
    highest = (count * 1000) / (performance.now() - start);
    times = await pace({ count, perSecond: highest / 2 }, (index) => seeChecked(2 * count + index));
  });
  return { ...inFigures(times), highest };
}

const goals: Goal[] = [{ beside: "raw", must: 3, aim: 2 }];

const cases: Case[] = [
  {
    name: "appended → visible, idle",
    workload:
      "One caller appends through the action, then reads its row through the table's get action with meta.readAfter; 3 ms of rest between two. raw: append, upsert, read on a second connection.",
    figures: { p50: { unit: "ms", goals }, p99: { unit: "ms" } },
    contestants: { ours: ours(idle), raw: raw(idle) },
  },
  {
    name: "appended → visible, at half of the highest rate",
    workload:
      "The same begun at a steady rate: half of the one that 64 callers reached just before (the last figure), each contestant at half of its own. The times count from the moment an append was due.",
    figures: { p50: { unit: "ms", goals }, p99: { unit: "ms" }, highest: { unit: "events/s" } },
    contestants: { ours: ours(busy), raw: raw(busy) },
  },
];

export const visible: Part = { cases };

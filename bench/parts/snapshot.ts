import Database from "better-sqlite3";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ServiceBroker } from "moleculer";
import { Aggregate, EventStore, type Manifest } from "../../index.ts";
import { checkSnapshot } from "../check.ts";
import { eventType } from "../events.ts";
import { sizeOf } from "../fixtures.ts";
import type { Part, Stage } from "../part.ts";
import { propertyFields, propertyOf, serviceName } from "../properties.ts";

const files = ["table/live.db", "table/1.db"];

/** A copy of the fixture, since appended events are folded into it. */
function copyTable(stage: Stage): void {
  mkdirSync(join(stage.folder, "table"), { recursive: true });
  for (const file of files) copyFileSync(join(stage.fixture("table"), file), join(stage.folder, file));
}

async function start(folder: string): Promise<ServiceBroker> {
  const events = EventStore<{ [eventType]: { id: string; amount: number } }>("benchEventStore", {
    adapter: `sqlite:${join(folder, "log.db")}`,
  });
  const properties = Aggregate(serviceName, {
    eventStore: events,
    fields: propertyFields,
    adapter: `sqlite:${join(folder, "table.db")}`,
  })
    .on(eventType)
    .update(({ payload: { id, amount } }) => ({ id, amount }));
  const broker = new ServiceBroker({ nodeID: "bench", logger: false });
  broker.createService({
    name: "bench",
    mixins: [events.mixin(), properties.mixin()],
    actions: { change: events.mapAction(eventType, { params: { id: "string", amount: "number|integer" } }) },
  });
  await broker.start();
  return broker;
}

/**
 * The longest wait, in milliseconds, of a caller that sends its next query as soon as the last one has resolved, until
 * `work` has ended.
 */
async function longestWait(ask: () => Promise<unknown>, work: Promise<unknown>): Promise<number> {
  const state = { isOver: false };
  const end = work.finally(() => (state.isOver = true));
  let longest = 0;
  while (!state.isOver) {
    const start = performance.now();
    await ask();
    longest = Math.max(longest, performance.now() - start);
    // A query alone never yields to the event loop.
    await new Promise((turn) => setImmediate(turn));
  }
  await end;
  return longest;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A snapshot while one caller appends and another reads; then the same time without a snapshot. */
async function underLoad(stage: Stage) {
  copyTable(stage);
  const rows = sizeOf("table", stage.quick);
  const broker = await start(stage.folder);
  let changed = 0;
  let asked = 0;
  // Each row is changed at most once, so the sum of the amounts is the number of changes.
  const append = () => broker.call("bench.change", { id: propertyOf(changed).id, amount: ++changed });
  const read = () => broker.call(`${serviceName}.find`, { query: { code: `code-${(asked++ * 7919) % rows}` } });
  const both = async (work: Promise<unknown>) => {
    const [longestAppend, longestRead] = await Promise.all([longestWait(append, work), longestWait(read, work)]);
    return { append: longestAppend, read: longestRead };
  };
  await both(pause(stage.size(2000, 200)));
  let during = { append: 0, read: 0 };
  let taken = { id: "", position: 0 };
  const ms = await stage.timed(async () => {
    const snapshot = broker.call<Manifest>(`${serviceName}.snapshot`);
    during = await both(snapshot);
    taken = await snapshot;
  });
  const without = await both(pause(ms));
  await broker.stop();
  const copy = join(stage.folder, "table/snapshots", taken.id, "table", "table.db");
  checkSnapshot(copy, join(stage.folder, "log.db"), { rows, position: taken.position });
  return { ms, during, without };
}

export const snapshot: Part = {
  fixtures: ["table"],
  cases: [
    {
      name: "time of a snapshot",
      workload:
        "A snapshot of a table of 1,000,000 rows, complete on the disk and recorded, while one caller appends events that the table folds and another finds rows, each without a pause. raw: a plain VACUUM INTO of the same file, without other work.",
      figures: { time: { unit: "ms", goals: [{ beside: "raw", must: 3 }] } },
      contestants: {
        ours: async (stage) => ({ time: (await underLoad(stage)).ms }),
        async raw(stage) {
          copyTable(stage);
          const copy = join(stage.folder, "copy.db");
          const db = new Database(join(stage.folder, files[1]!));
          const time = await stage.timed(() => db.prepare("VACUUM INTO ?").run(copy));
          db.close();
          checkSnapshot(copy, null, { rows: sizeOf("table", stage.quick), position: 0 });
          return { time };
        },
      },
    },
    {
      name: "waits beside a snapshot",
      workload:
        "The same: the longest wait of the appending and of the reading caller during the snapshot, and its difference from the longest in the same time without one.",
      figures: {
        append: { unit: "ms" },
        "append, more": { unit: "ms", goals: [{ must: 100 }] },
        read: { unit: "ms" },
        "read, more": { unit: "ms", goals: [{ must: 100 }] },
      },
      contestants: {
        async ours(stage) {
          const { during, without } = await underLoad(stage);
          return {
            append: during.append,
            "append, more": Math.max(during.append - without.append, 0),
            read: during.read,
            "read, more": Math.max(during.read - without.read, 0),
          };
        },
      },
    },
  ],
};

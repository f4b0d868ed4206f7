import { join } from "node:path";
import { checkTable } from "../check.ts";
import type { Payload } from "../events.ts";
import { sizeOf } from "../fixtures.ts";
import type { Part } from "../part.ts";
import { Ours } from "../stores/ours.ts";
import { RawLog } from "../stores/raw.ts";
import { RawTable } from "../stores/raw-table.ts";

/** New names in each run, since the fixture's log contains the control state of earlier tables. */
const names = ["first", "second"].map((name) => `${name}${Date.now()}`);
const perPage = 1000;
const perBatch = 500;

const residentMb = () => process.memoryUsage.rss() / 1024 / 1024;

export const rebuild: Part = {
  fixtures: ["large-log"],
  cases: [
    {
      name: "rebuild of two tables",
      workload:
        "Two tables are rebuilt at the same time from 1,000,000 events of 10,000 streams, a row for each stream, by function transforms; the peak of resident memory, and what it grew by from a third on. raw: one loop that reads and parses each event once and writes both tables, in the same batches.",
      figures: {
        rate: { unit: "events/s", goals: [{ beside: "raw", must: 0.5, aim: 0.8 }] },
        memory: { unit: "MB", goals: [{ must: 300 }] },
        growth: { unit: "MB" },
      },
      contestants: {
        async ours(stage) {
          const events = sizeOf("large-log", stage.quick);
          const ours = await Ours.start(join(stage.fixture("large-log"), "log.db"));
          for (const name of names) {
            await ours.leaveAtHead(stage.folder, name);
            await ours.addTable(stage.folder, "function", name);
          }
          const status = () => ours.broker.call<{ rebuilding: null | { done: number } }>(`${names[0]}.status`);
          let third = 0;
          let peak = 0;
          const watch = setInterval(() => {
            peak = Math.max(peak, residentMb());
            if (third === 0)
              void status().then(({ rebuilding }) => {
                if (rebuilding && rebuilding.done > events / 3) third = peak;
              });
          }, 100);
          const ms = await stage.timed(() => Promise.all(names.map((name) => ours.broker.call(`${name}.rebuild`))));
          clearInterval(watch);
          await ours.stop();
          for (const name of names) checkTable(join(stage.folder, name, "2.db"), events, { queried: false });
          return { rate: (events * 1000) / ms, memory: peak, growth: peak - third };
        },
        async raw(stage) {
          const events = sizeOf("large-log", stage.quick);
          const log = new RawLog(join(stage.fixture("large-log"), "log.db"));
          const files = names.map((name) => join(stage.folder, `${name}.db`));
          const tables = files.map((file) => new RawTable(file));
          let third = 0;
          let peak = 0;
          const ms = await stage.timed(() => {
            for (let after = 0; after < events;) {
              const page = log.page(after, perPage);
              for (let from = 0; from < page.length; from += perBatch) {
                const batch = page.slice(from, from + perBatch);
                after = batch.at(-1)!.position;
                for (const table of tables)
                  table.fold(
                    batch.map(({ payload }) => payload as Payload),
                    after,
                    false,
                  );
              }
              peak = Math.max(peak, residentMb());
              if (third === 0 && after > events / 3) third = peak;
            }
          });
          for (const one of [...tables, log]) one.close();
          for (const file of files) checkTable(file, events, { queried: false });
          return { rate: (events * 1000) / ms, memory: peak, growth: peak - third };
        },
      },
    },
  ],
};

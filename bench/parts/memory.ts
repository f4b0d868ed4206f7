import { join } from "node:path";
import { checkTable } from "../check.ts";
import type { Payload } from "../events.ts";
import { sizeOf } from "../fixtures.ts";
import type { Part } from "../part.ts";
import { Ours, tableFile } from "../stores/ours.ts";
import { RawLog } from "../stores/raw.ts";
import { RawTable } from "../stores/raw-table.ts";

/** The process's peak memory so far. */
const peakMb = () => process.resourceUsage().maxRSS / 1024;

export const memory: Part = {
  fixtures: ["large-log"],
  cases: [
    {
      name: "memory while folding",
      workload:
        "One table is folded from 1,000,000 events; the process's peak resident memory when 100,000 are folded, when all are, and what it grew by. raw: the same loop without a broker.",
      figures: {
        "at a tenth": { unit: "MB" },
        "at the end": { unit: "MB" },
        growth: { unit: "MB", goals: [{ must: 60 }] },
      },
      contestants: {
        async ours(stage) {
          const events = sizeOf("large-log", stage.quick);
          const ours = await Ours.start(join(stage.fixture("large-log"), "log.db"));
          let tenth = 0;
          await stage.timed(async () => {
            await ours.addTable(stage.folder);
            await ours.folded(events / 10);
            tenth = peakMb();
            await ours.folded(events);
          });
          const end = peakMb();
          await ours.stop();
          checkTable(tableFile(stage.folder), events, { queried: false });
          return { "at a tenth": tenth, "at the end": end, growth: end - tenth };
        },
        async raw(stage) {
          const events = sizeOf("large-log", stage.quick);
          const log = new RawLog(join(stage.fixture("large-log"), "log.db"));
          const table = new RawTable(join(stage.folder, "raw.db"));
          let tenth = 0;
          await stage.timed(() => {
            for (let after = 0; after < events;) {
              const page = log.page(after, 500);
              after = page.at(-1)!.position;
              table.fold(
                page.map(({ payload }) => payload as Payload),
                after,
                false,
              );
              if (tenth === 0 && after >= events / 10) tenth = peakMb();
            }
          });
          const end = peakMb();
          for (const one of [log, table]) one.close();
          checkTable(join(stage.folder, "raw.db"), events, { queried: false });
          return { "at a tenth": tenth, "at the end": end, growth: end - tenth };
        },
      },
    },
  ],
};

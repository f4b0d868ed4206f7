import { join } from "node:path";
import type { Manifest } from "../../index.ts";
import { expectSame } from "../check.ts";
import { eventsPerStream, payloadOf } from "../events.ts";
import type { Part } from "../part.ts";
import { median } from "../statistics.ts";
import { Ours, storeName, tableName } from "../stores/ours.ts";

const snapshots = 5;
/** Without snapshots. */
const plainTable = "plainTable";

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

export const at: Part = {
  cases: [
    {
      name: "any past moment",
      workload:
        "A log of 100,000 events of 1,000 streams, a row for each stream, a snapshot every 20,000: all rows as they were a quarter and three quarters of the way between two snapshots, at 8 positions behind the first snapshot; medians. fold: the same without snapshots, from the first event to the same positions; share of it: of all 8 together, where 17 % of the events are folded. full fold: of the whole log.",
      figures: {
        at: { unit: "ms" },
        fold: { unit: "ms" },
        "share of it": { unit: "%" },
        "full fold": { unit: "ms" },
        "share of a full fold": { unit: "%", goals: [{ must: 20 }] },
      },
      contestants: {
        async ours(stage) {
          const every = stage.size(20_000, 1000);
          const ours = await Ours.start(join(stage.folder, "log.db"));
          await ours.addTable(stage.folder);
          const taken: Manifest[] = [];
          const head = async () => (await ours.broker.call<{ head: number }>(`${storeName}.status`)).head;
          for (let number = 0; number < every * snapshots;) {
            for (const end = number + every; number < end; number += eventsPerStream) {
              const [entity, from] = [`e${number / eventsPerStream}`, number];
              const payloads = Array.from({ length: eventsPerStream }, (_, index) => payloadOf(entity, from + index));
              await ours.appendBatch(entity, 0, payloads);
            }
            await ours.folded(await head());
            taken.push(await ours.broker.call(`${tableName}.snapshot`));
          }
          await ours.addTable(stage.folder, "function", plainTable);
          await ours.folded(await head(), plainTable);

          const rowsAt = async (name: string, position: number): Promise<{ ms: number; rows: string }> => {
            const start = performance.now();
            const { rows } = await ours.broker.call<{ rows: object[] }, object>(`${name}.at`, { position, sort: "id" });
            return { ms: performance.now() - start, rows: JSON.stringify(rows) };
          };
          const times: { at: number[]; fold: number[] } = { at: [], fold: [] };
          let full = 0;
          await stage.timed(async () => {
            for (const { position } of taken.slice(0, -1))
              for (const moment of [position + every / 4, position + (every * 3) / 4]) {
                const [past, folded] = [await rowsAt(tableName, moment), await rowsAt(plainTable, moment)];
                expectSame("rows of the past", past.rows, folded.rows);
                times.at.push(past.ms);
                times.fold.push(folded.ms);
              }
            // Not the last event, for which `at` would start from the live table.
            full = (await rowsAt(plainTable, taken.at(-1)!.position - 1)).ms;
          });
          await ours.stop();
          return {
            at: median(times.at),
            fold: median(times.fold),
            "share of it": (sum(times.at) * 100) / sum(times.fold),
            "full fold": full,
            "share of a full fold": (median(times.at) * 100) / full,
          };
        },
      },
    },
  ],
};

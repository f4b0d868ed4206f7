import { join } from "node:path";
import { expectSame } from "../check.ts";
import { sumBelow } from "../events.ts";
import { sizeOf } from "../fixtures.ts";
import type { Part, Stage } from "../part.ts";
import { Ours, storeName } from "../stores/ours.ts";
import { RawLog } from "../stores/raw.ts";

const perPage = 1000;

type Page = readonly { position: number; payload: Record<string, unknown> }[];

/** Reads the log from its beginning and adds up the amounts. */
async function run(stage: Stage, read: (after: number, limit: number) => Page | Promise<Page>) {
  const events = stage.size(300_000, sizeOf("large-log", true));
  let sum = 0;
  const ms = await stage.timed(async () => {
    for (let after = 0; after < events;) {
      // A page may be short; the last one must not exceed the events that are added up.
      const page = await read(after, Math.min(perPage, events - after));
      for (const { payload } of page) sum += payload["amount"] as number;
      expectSame("position", page.at(-1)?.position, after + page.length);
      after += page.length;
    }
  });
  expectSame("sum", sum, sumBelow(events));
  return { rate: (events * 1000) / ms };
}

export const read: Part = {
  fixtures: ["large-log"],
  cases: [
    {
      name: "log read, parsed",
      workload:
        "One caller reads 300,000 events in pages of 1,000 through the store's read action, payload and meta parsed.",
      figures: { rate: { unit: "events/s", goals: [{ beside: "raw", must: 0.6, aim: 0.8 }] } },
      contestants: {
        async ours(stage) {
          const ours = await Ours.start(join(stage.fixture("large-log"), "log.db"));
          const figures = await run(stage, (after, limit) =>
            ours.broker
              .call<{ events: Page }, object>(`${storeName}.read`, { after, limit })
              .then(({ events }) => events),
          );
          await ours.stop();
          return figures;
        },
        async raw(stage) {
          const log = new RawLog(join(stage.fixture("large-log"), "log.db"));
          const figures = await run(stage, (after, limit) => log.page(after, limit));
          log.close();
          return figures;
        },
      },
    },
  ],
};

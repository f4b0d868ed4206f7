import { join } from "node:path";
import { expectSame } from "../check.ts";
import { eventsPerStream, streamOf } from "../events.ts";
import { sizeOf } from "../fixtures.ts";
import type { Part, Stage } from "../part.ts";
import { median } from "../statistics.ts";
import { Ours, storeName } from "../stores/ours.ts";
import { RawLog } from "../stores/raw.ts";

/** Loads streams in sequence, each far from the one before; returns the median time in microseconds. */
async function run(stage: Stage, load: (entity: string) => unknown) {
  const streams = sizeOf("large-log", stage.quick) / eventsPerStream;
  const times: number[] = [];
  const loadOnce = async (index: number) => {
    const start = performance.now();
    const amounts = (await load(`e${(index * 7919) % streams}`)) as number[];
    times.push((performance.now() - start) * 1000);
    // A fixture's streams take turns: the numbers of one are as far apart as there are streams.
    expectSame("events of a stream", amounts.length, eventsPerStream);
    expectSame("its last event", amounts.at(-1)! - amounts[0]!, streams * (eventsPerStream - 1));
  };
  const loads = stage.size(2000, 100);
  for (let index = 0; index < loads / 10; index++) await loadOnce(index);
  times.length = 0;
  await stage.timed(async () => {
    for (let index = 0; index < loads; index++) await loadOnce(index);
  });
  return { p50: median(times) };
}

export const load: Part = {
  fixtures: ["large-log", "large-emmett-log"],
  cases: [
    {
      name: "load of a stream of 100 events",
      workload:
        "One caller reads streams of 100 events, parsed, out of 1,000,000 events in the log, through the store's read action; the median of the times.",
      figures: {
        p50: {
          unit: "us",
          goals: [
            { beside: "raw", must: 2, aim: 1.3 },
            { beside: "emmett", must: 1 },
          ],
        },
      },
      contestants: {
        async ours(stage) {
          const ours = await Ours.start(join(stage.fixture("large-log"), "log.db"));
          const figures = await run(stage, async (entity) => {
            const { events } = await ours.broker.call<{ events: { payload: { amount: number } }[] }, object>(
              `${storeName}.read`,
              {
                stream: streamOf(entity),
              },
            );
            return events.map(({ payload }) => payload.amount);
          });
          await ours.stop();
          return figures;
        },
        async raw(stage) {
          const log = new RawLog(join(stage.fixture("large-log"), "log.db"));
          const figures = await run(stage, (entity) =>
            log.stream(streamOf(entity), eventsPerStream).map(({ payload }) => payload["amount"]),
          );
          log.close();
          return figures;
        },
        async emmett(stage) {
          const { Emmett } = await import("../stores/emmett.ts");
          const emmett = new Emmett(join(stage.fixture("large-emmett-log"), "log.db"));
          const figures = await run(stage, async (entity) =>
            (await emmett.stream(entity)).map(({ data }) => data.amount),
          );
          emmett.close();
          return figures;
        },
      },
    },
  ],
};

import { join } from "node:path";
import { checkLog } from "../check.ts";
import { payloadOf } from "../events.ts";
import type { Part, Stage } from "../part.ts";
import { Ours } from "../stores/ours.ts";
import { RawLog } from "../stores/raw.ts";

const perBatch = 100;

type Append = (entity: string, payloads: ReturnType<typeof payloadOf>[]) => unknown;

/** Appends batches, each to its own stream, after a tenth of them as a warm-up. */
async function run(stage: Stage, append: Append) {
  const batches = stage.size(400, 20);
  const warmUp = batches / 10;
  const send = async (from: number, to: number) => {
    for (let batch = from; batch < to; batch++) {
      const entity = `b${batch}`;
      await append(
        entity,
        Array.from({ length: perBatch }, (_, index) => payloadOf(entity, batch * perBatch + index)),
      );
    }
  };
  await send(0, warmUp);
  const ms = await stage.timed(() => send(warmUp, warmUp + batches));
  return { rate: (batches * perBatch * 1000) / ms, total: (warmUp + batches) * perBatch };
}

export const batch: Part = {
  cases: [
    {
      name: "append of batches of 100",
      workload:
        "One caller of the store's append action, 100 events to a new stream in each call; synchronous=FULL. raw: a transaction for each batch.",
      figures: { rate: { unit: "events/s" } },
      contestants: {
        async ours(stage) {
          const file = join(stage.folder, "log.db");
          const ours = await Ours.start(file);
          const { rate, total } = await run(stage, (entity, payloads) => ours.appendBatch(entity, 0, payloads));
          await ours.stop();
          checkLog(file, total);
          return { rate };
        },
        async raw(stage) {
          const file = join(stage.folder, "log.db");
          const log = new RawLog(file);
          const { rate, total } = await run(stage, (entity, payloads) =>
            log.append([{ entity, version: 0, payloads }]),
          );
          log.close();
          checkLog(file, total);
          return { rate };
        },
      },
    },
  ],
};

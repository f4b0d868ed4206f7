import { statSync } from "node:fs";
import { join } from "node:path";
import { checkEmmettLog, checkLog } from "../check.ts";
import { eventsPerStream, payloadOf } from "../events.ts";
import type { Part, Stage } from "../part.ts";
import { Ours } from "../stores/ours.ts";
import { RawLog } from "../stores/raw.ts";

type Append = (entity: string, payloads: ReturnType<typeof payloadOf>[]) => unknown;

/** Fills a log with whole streams, closes it, and returns the bytes of its file per event. */
async function run(stage: Stage, file: string, append: Append, close: () => unknown) {
  const events = stage.size(20_000, 5000);
  await stage.timed(async () => {
    for (let from = 0; from < events; from += eventsPerStream) {
      const entity = `s${from}`;
      await append(
        entity,
        Array.from({ length: eventsPerStream }, (_, index) => payloadOf(entity, from + index)),
      );
    }
    await close();
  });
  return { events, bytes: statSync(file).size / events };
}

export const disk: Part = {
  cases: [
    {
      name: "bytes on disk",
      workload:
        "20,000 events in streams of 100, appended stream by stream; the size of the closed file by the number of events.",
      figures: { "per event": { unit: "bytes", goals: [{ beside: "raw", must: 1.3 }] } },
      contestants: {
        async ours(stage) {
          const file = join(stage.folder, "log.db");
          const ours = await Ours.start(file);
          const append: Append = (entity, payloads) => ours.appendBatch(entity, 0, payloads);
          const { events, bytes } = await run(stage, file, append, () => ours.stop());
          checkLog(file, events);
          return { "per event": bytes };
        },
        async raw(stage) {
          const file = join(stage.folder, "log.db");
          const log = new RawLog(file);
          const append: Append = (entity, payloads) => log.append([{ entity, version: 0, payloads }]);
          const { events, bytes } = await run(stage, file, append, () => log.close());
          checkLog(file, events);
          return { "per event": bytes };
        },
        async emmett(stage) {
          const { Emmett } = await import("../stores/emmett.ts");
          const file = join(stage.folder, "log.db");
          const emmett = new Emmett(file);
          await emmett.migrate();
          const append: Append = (entity, payloads) => emmett.append(entity, 0, payloads);
          const { events, bytes } = await run(stage, file, append, () => emmett.flush());
          emmett.close();
          checkEmmettLog(file, events);
          return { "per event": bytes };
        },
      },
    },
  ],
};

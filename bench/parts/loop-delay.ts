import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { callersAppend } from "../callers.ts";
import { checkLog } from "../check.ts";
import { eventsPerStream, payloadOf } from "../events.ts";
import type { Part } from "../part.ts";
import { percentile } from "../statistics.ts";
import { Ours } from "../stores/ours.ts";
import { RawLog } from "../stores/raw.ts";

const callers = 64;
/** The interval of the timer; a delay is the time above it. */
const resolutionMs = 1;

export const loopDelay: Part = {
  cases: [
    {
      name: "event loop delay",
      workload:
        "64 callers append through the action while a table folds what they append; how late the event loop's timers are. raw: the time of a commit of 64 events.",
      figures: {
        p50: { unit: "ms" },
        p99: { unit: "ms", goals: [{ beside: "raw", must: 3 }] },
      },
      contestants: {
        async ours(stage) {
          const file = join(stage.folder, "log.db");
          const ours = await Ours.start(file);
          await ours.addTable(stage.folder);
          const events = stage.size(40_000, 3200);
          const warmUp = events / 10;
          const append = (entity: string, version: number, number: number) =>
            ours.append(payloadOf(entity, number), version);
          await callersAppend({ callers, events: warmUp }, append);
          const delays = monitorEventLoopDelay({ resolution: resolutionMs });
          await stage.timed(async () => {
            delays.enable();
            await callersAppend({ callers, events, from: warmUp }, append);
            delays.disable();
          });
          await ours.folded(warmUp + events);
          await ours.stop();
          checkLog(file, warmUp + events);
          const late = (share: number) => Math.max(delays.percentile(share) / 1e6 - resolutionMs, 0);
          return { p50: late(50), p99: late(99) };
        },
        async raw(stage) {
          const file = join(stage.folder, "log.db");
          const log = new RawLog(file);
          const commits = stage.size(1000, 100);
          const times: number[] = [];
          await stage.timed(() => {
            for (let commit = 0; commit < commits; commit++) {
              const start = performance.now();
              log.append(
                Array.from({ length: callers }, (_, caller) => {
                  const entity = `${caller}.${Math.floor(commit / eventsPerStream)}`;
                  const payloads = [payloadOf(entity, commit * callers + caller)];
                  return { entity, version: commit % eventsPerStream, payloads };
                }),
              );
              times.push(performance.now() - start);
            }
          });
          log.close();
          checkLog(file, commits * callers);
          return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
        },
      },
    },
  ],
};

import { join } from "node:path";
import type { Part } from "../part.ts";
import { payloadOf } from "../events.ts";
import { Ours } from "../stores/ours.ts";

export const idle: Part = {
  cases: [
    {
      name: "idle CPU",
      workload: "A broker with a store and one table that is caught up, over 10 s without work.",
      figures: { "of a core": { unit: "%", goals: [{ must: 1 }] } },
      contestants: {
        async ours(stage) {
          const ours = await Ours.start(join(stage.folder, "log.db"));
          await ours.addTable(stage.folder);
          const { position } = await ours.append(payloadOf("idle", 1), 0);
          await ours.folded(position);
          const restMs = stage.size(10_000, 2000);
          // The last work of the start, such as compilation, does not count as idleness.
          await new Promise((resolve) => setTimeout(resolve, 1000));
          let used = process.cpuUsage();
          const rest = async () => {
            used = process.cpuUsage();
            await new Promise((resolve) => setTimeout(resolve, restMs));
            used = process.cpuUsage(used);
          };
          await stage.timed(rest);
          await ours.stop();
          return { "of a core": (used.user + used.system) / 10 / restMs };
        },
      },
    },
  ],
};

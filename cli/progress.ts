import { progressBars } from "../mixins/observability/progress-bars.ts";

/** How far a long piece of work is. */
export type Tell = (task: string, done: number, total: number) => void;

const lineEveryMs = 1000;

/** A bar where somebody watches; else a line a second, for a log. */
export function progress(): Tell {
  if (process.stderr.isTTY)
    return (task, done, total) => {
      if (done < total) progressBars.show(task, done, total);
      else progressBars.end(task);
    };
  let saidAt = -Infinity;
  return (task, done, total) => {
    if (performance.now() - saidAt < lineEveryMs) return;
    saidAt = performance.now();
    process.stdout.write(`${task}: event ${done} of ${total}\n`);
  };
}

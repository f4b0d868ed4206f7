import { progressBars } from "./progress-bars.ts";

/** Receives the progress of a task, in events. */
export type OnProgress = (task: string, done: number, total: number) => void;

const lineEveryMs = 1000;

/** Shows progress as a bar on a terminal, or as one line a second otherwise. */
export function progress(): OnProgress {
  if (process.stderr.isTTY)
    return (task, done, total) => {
      if (done < total) progressBars.show(task, done, total);
      else progressBars.end(task);
    };
  let printedAt = -Infinity;
  return (task, done, total) => {
    if (performance.now() - printedAt < lineEveryMs) return;
    printedAt = performance.now();
    process.stdout.write(`${task}: event ${done} of ${total}\n`);
  };
}

import { MultiBar, Presets } from "cli-progress";

export interface Progress {
  update(task: string, done: number): void;
  stop(): void;
}

/** On a terminal a bar per task; otherwise a line per task and quarter. */
export const showProgress = (tasks: readonly string[], total: number): Progress =>
  process.stdout.isTTY ? bars(tasks, total) : lines(total);

function bars(tasks: readonly string[], total: number): Progress {
  const width = Math.max(...tasks.map((task) => task.length));
  const multi = new MultiBar(
    {
      format: "{task} [{bar}] {percentage}% | {value}/{total} | {duration_formatted}",
      stream: process.stdout,
      hideCursor: true,
    },
    Presets.legacy,
  );
  const byTask = new Map(tasks.map((task) => [task, multi.create(total, 0, { task: task.padEnd(width) })]));
  return {
    update: (task, done) => byTask.get(task)?.update(done),
    stop: () => multi.stop(),
  };
}

function lines(total: number): Progress {
  const quarters = new Map<string, number>();
  return {
    update(task, done) {
      const quarter = Math.floor((done * 4) / total);
      if (quarter <= (quarters.get(task) ?? 0)) return;
      quarters.set(task, quarter);
      console.log(`${task}: ${quarter * 25}% of ${total.toLocaleString("en")}`);
    },
    stop() {},
  };
}

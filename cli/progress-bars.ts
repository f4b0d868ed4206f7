import { MultiBar, Presets, type SingleBar } from "cli-progress";

/** Draws a bar for each task on stderr, which must be a terminal. The bars are removed when the last task has ended. */
class ProgressBars {
  #all: MultiBar | null = null;
  readonly #bars = new Map<string, SingleBar>();

  show(task: string, done: number, total: number): void {
    this.#all ??= new MultiBar(
      {
        format: "{task} [{bar}] {percentage}% | {value}/{total} | {eta_formatted} left",
        stream: process.stderr,
        clearOnComplete: true,
      },
      Presets.legacy,
    );
    let bar = this.#bars.get(task);
    if (!bar) this.#bars.set(task, (bar = this.#all.create(total, done, { task })));
    bar.setTotal(total);
    bar.update(done);
  }

  end(task: string): void {
    const bar = this.#bars.get(task);
    if (!bar) return;
    this.#all?.remove(bar);
    this.#bars.delete(task);
    if (this.#bars.size > 0) return;
    this.#all?.stop();
    this.#all = null;
  }
}

/** One instance for the process, because bars share the terminal. */
export const progressBars = new ProgressBars();

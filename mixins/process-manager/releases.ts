import type { ParkedChoice } from "../../core/consumer/consumer-control.ts";
import type { ParkedProcess } from "../../core/process/instance.ts";
import type { LostEvents } from "./lost-events.ts";
import type { ProcessQueue } from "./process-queue.ts";

interface Dependencies {
  parked: () => readonly ParkedProcess[];
  queue: Pick<ProcessQueue, "release">;
  lost: Pick<LostEvents, "giveUp" | "retry">;
}

/** What is parked and is to be tried again, or given up. */
export class Releases {
  readonly #d: Dependencies;
  /** By id, in the order in which they were parked. */
  readonly #chosen = new Set<string>();
  #skipped: ReadonlySet<string> = new Set();

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  get isEmpty(): boolean {
    return this.#chosen.size === 0;
  }

  forget(): void {
    this.#chosen.clear();
  }

  skip(skipped: ReadonlySet<string>): void {
    this.#skipped = skipped;
    for (const { id } of this.#d.parked()) if (skipped.has(id)) this.#chosen.add(id);
  }

  choose({ id, instance }: ParkedChoice): void {
    const chosen = this.#d
      .parked()
      .filter((parked) => (id ?? parked.id) === parked.id && (instance ?? parked.instance) === parked.instance);
    for (const one of chosen.toSorted((a, b) => a.time.localeCompare(b.time))) this.#chosen.add(one.id);
  }

  /** At least one of them. @throws an outage's error: what met it stays parked, and what was chosen is forgotten */
  async release(isMeant: (parked: ParkedProcess) => boolean, isTimeUp: () => boolean): Promise<void> {
    if (this.isEmpty) return;
    const parked = new Map(this.#d.parked().map((one) => [one.id, one]));
    for (const id of this.#chosen) {
      const one = parked.get(id);
      if (one && !isMeant(one)) continue;
      this.#chosen.delete(id);
      if (one) await this.#releaseOne(one);
      if (one && isTimeUp()) return;
    }
  }

  async #releaseOne({ id, instance }: ParkedProcess): Promise<unknown> {
    try {
      if (instance !== "") return await this.#d.queue.release(instance);
      return await (this.#skipped.has(id) ? this.#d.lost.giveUp(id) : this.#d.lost.retry(id));
    } catch (error) {
      this.forget();
      throw error;
    }
  }
}

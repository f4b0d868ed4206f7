import type { ParkedChoice } from "../../core/consumer/consumer-control.ts";
import type { ParkedProcess } from "../../core/process/stored-process.ts";
import type { Failures } from "../consumer/failures.ts";
import { isChosen } from "../consumer/parked-choice.ts";
import { beginSlice } from "../consumer/slice.ts";
import type { KnownProcesses } from "./known-processes.ts";
import type { LostEvents } from "./lost-events.ts";
import type { ParallelWork } from "./parallel-work.ts";
import type { ProcessQueue } from "./process-queue.ts";

interface Dependencies {
  known: KnownProcesses;
  queue: ProcessQueue;
  lost: LostEvents;
  atWork: ParallelWork;
  isInterrupted: () => boolean;
  failures: Pick<Failures, "stopCause">;
}

/** Late work: parked events that are to be retried or given up, and waiting events that are not blocked any more. */
export class LateWork {
  readonly #d: Dependencies;
  /** By id, in the order in which they were parked. */
  readonly #chosen = new Set<string>();
  #skipped: ReadonlySet<string> = new Set();

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  get isGoingOn(): boolean {
    const { known, failures } = this.#d;
    return this.#chosen.size > 0 || (known.unfinished.size > 0 && failures.stopCause === null);
  }

  parked(): ParkedProcess[] {
    return [...this.#d.known.parked.values(), ...this.#d.lost.list()];
  }

  forget(): void {
    this.#chosen.clear();
  }

  skip(skipped: ReadonlySet<string>): void {
    this.#skipped = skipped;
    for (const { id } of this.parked()) if (skipped.has(id)) this.#chosen.add(id);
  }

  choose(choice: ParkedChoice): void {
    const chosen = this.parked().filter((parked) => isChosen(parked, choice));
    for (const one of chosen.toSorted((a, b) => a.parkedAt.localeCompare(b.parkedAt))) this.#chosen.add(one.id);
  }

  /** Handles late work for one time slice; returns how many events were handled. @throws an outage's error */
  async goOn(): Promise<number> {
    const { atWork, known, queue, isInterrupted, failures } = this.#d;
    atWork.begin();
    const isTimeUp = beginSlice(isInterrupted);
    const before = queue.handled;
    await this.#release(({ process }) => process !== "", isTimeUp);
    let begun = 0;
    await atWork.run([...known.unfinished], async (id) => {
      if (begun++ === 0 || !isTimeUp()) await queue.goOn(id, isTimeUp);
    });
    // Events that are parked without a process come last: their process may have waiting events, which come first.
    if (known.unfinished.size === 0 || failures.stopCause !== null)
      await this.#release(({ process }) => process === "", isTimeUp);
    return queue.handled - before;
  }

  /**
   * Retries at least one chosen event. @throws an outage's error: the event that met it stays parked, and the choice is
   * cleared
   */
  async #release(isMeant: (parked: ParkedProcess) => boolean, isTimeUp: () => boolean): Promise<void> {
    if (this.#chosen.size === 0) return;
    const parked = new Map(this.parked().map((one) => [one.id, one]));
    for (const id of this.#chosen) {
      const one = parked.get(id);
      if (one && !isMeant(one)) continue;
      this.#chosen.delete(id);
      if (one) await this.#releaseOne(one);
      if (one && isTimeUp()) return;
    }
  }

  async #releaseOne({ id, process }: ParkedProcess): Promise<unknown> {
    try {
      if (process !== "") return await this.#d.queue.release(process);
      return await (this.#skipped.has(id) ? this.#d.lost.giveUp(id) : this.#d.lost.retry(id));
    } catch (error) {
      this.forget();
      throw error;
    }
  }
}

import { neededRelease, type NewerEvent } from "../../core/catalogue/newer-event.ts";
import type { Work } from "./work.ts";
import type { WorkerState } from "./worker-state.ts";

export interface Yielding {
  /** Gives the work to a node whose release can read the event; returns whether there was one. */
  yieldTo: (newer: NewerEvent) => Promise<boolean>;
}

interface Dependencies extends Yielding {
  name: string;
  work: Pick<Work, "rejectWaiters">;
  warn: (message: string, details: object) => void;
}

/** What a consumer does at an event that only a newer release can read: the event is not bad, so it is neither passed nor parked. */
export class AwaitedRelease {
  readonly #d: Dependencies;
  #warnedOf: string | null = null;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** The change of the worker's state. `newer`: the next event; null if this release can read it, or if it is not reached. */
  async at(newer: NewerEvent | null): Promise<Partial<WorkerState>> {
    const { name, work, yieldTo, warn } = this.#d;
    if (newer === null) return { newer };
    const cause = `waits: ${neededRelease(newer)}`;
    if (this.#warnedOf !== newer.id) warn(`${name} ${cause}`, { ...newer });
    this.#warnedOf = newer.id;
    if (await yieldTo(newer)) return { newer: null, isWorking: false };
    // Readers of a later position need not wait for their time-out.
    work.rejectWaiters(cause, newer);
    return { newer };
  }
}

import type { ServiceBroker } from "moleculer";
import { progressEvent } from "../../hints.ts";
import { progressBars } from "../../progress-bars.ts";
import type { RebuildProgress } from "./progress.ts";

const tellEveryMs = 250;

/** Tells how far a new table is: as a broker event at most four times a second and at the end, and on a terminal. */
export class RebuildReport {
  readonly #broker: ServiceBroker;
  readonly #name: string;
  #told: { job: string; progress: RebuildProgress; at: number } | null = null;

  constructor(broker: ServiceBroker, name: string) {
    this.#broker = broker;
    this.#name = name;
  }

  /** Null: nothing is being built any more. */
  note(job: string, progress: RebuildProgress | null): void {
    if (progress) {
      if (this.#told && performance.now() - this.#told.at < tellEveryMs) return;
      this.#told = { job, progress, at: performance.now() };
      progressBars.show(this.#name, progress.done, progress.total);
      this.#tell({ job, ...progress });
    } else if (this.#told) {
      this.#tell({ job: this.#told.job, ...this.#told.progress, secondsLeft: 0, ended: true });
      progressBars.end(this.#name);
      this.#told = null;
    }
  }

  #tell(progress: object): void {
    const { nodeID: node } = this.#broker;
    // A hint: what is lost of it is said again in a moment, or in `status`.
    Promise.resolve(this.#broker.broadcast(progressEvent(this.#name), { node, ...progress })).catch(() => {});
  }
}

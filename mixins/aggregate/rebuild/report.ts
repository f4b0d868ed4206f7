import type { ServiceBroker } from "moleculer";
import { progressEvent } from "../../service/internal-events.ts";
import type { RebuildProgress } from "./progress.ts";

const tellEveryMs = 250;

/** Broadcasts the progress of a rebuild as a broker event, at most four times a second and at the end. */
export class RebuildReport {
  readonly #broker: ServiceBroker;
  readonly #name: string;
  /** The last progress, broadcast or not: the event at the end contains it. */
  #latest: { job: string; progress: RebuildProgress } | null = null;
  #toldAt = -Infinity;

  constructor(broker: ServiceBroker, name: string) {
    this.#broker = broker;
    this.#name = name;
  }

  /** Null: no build is running any more. */
  note(job: string, progress: RebuildProgress | null): void {
    if (progress) {
      this.#latest = { job, progress };
      if (performance.now() - this.#toldAt < tellEveryMs) return;
      this.#toldAt = performance.now();
      this.#tell({ job, ...progress });
    } else if (this.#latest) {
      const { job, progress: reached } = this.#latest;
      this.#tell({ job, ...reached, secondsLeft: 0, ended: true });
      this.#latest = null;
      this.#toldAt = -Infinity;
    }
  }

  #tell(progress: object): void {
    const { nodeID: node } = this.#broker;
    // A hint: if it is lost, the next broadcast or `status` contains the progress.
    Promise.resolve(this.#broker.broadcast(progressEvent(this.#name), { node, ...progress })).catch(() => {});
  }
}

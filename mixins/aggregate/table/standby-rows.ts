import type { NewerEvent } from "../../../core/catalogue/newer-event.ts";
import type { EventSource } from "../../consumer/event-source.ts";
import type { TableState } from "./table-state.ts";

/** Finds out on a standby, which folds no events, whether the rows of its definition wait for a newer release. */
export class StandbyRows {
  /** The event before which the rows stand still, if only a newer release can read it. */
  newer: NewerEvent | null = null;
  readonly #source: Pick<EventSource, "page">;
  readonly #owner: string;
  #position = -1;
  /** The event after the position is known. */
  #isKnown = false;

  constructor({ source, owner }: { source: Pick<EventSource, "page">; owner: string }) {
    this.#source = source;
    this.#owner = owner;
  }

  /** Reads the next event once, if the rows have not moved since the last check. */
  async check({ live, progress: { position } }: TableState, head: number): Promise<void> {
    if (position !== this.#position) {
      this.newer = null;
      this.#position = position;
      this.#isKnown = false;
      return;
    }
    if (this.#isKnown || position >= head || live?.owner !== this.#owner) return;
    const { newer = null, events } = await this.#source.page(position, 1);
    this.newer = newer;
    this.#isKnown = newer !== null || events.length > 0;
  }
}

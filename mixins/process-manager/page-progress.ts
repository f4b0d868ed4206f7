import type { RecordedEvent } from "../../core/event/recorded-event.ts";

/** The progress through a page whose events are done in any order. */
export class PageProgress {
  readonly #events: readonly RecordedEvent[];
  readonly #done = new Set<string>();
  #next = 0;

  constructor(events: readonly RecordedEvent[]) {
    this.#events = events;
  }

  /** Returns the event up to which all are done; null if the first is not. */
  note({ id }: RecordedEvent): RecordedEvent | null {
    this.#done.add(id);
    for (let next = this.#events[this.#next]; next && this.#done.delete(next.id); next = this.#events[this.#next])
      this.#next++;
    return this.#events[this.#next - 1] ?? null;
  }

  get isDone(): boolean {
    return this.#next === this.#events.length;
  }
}

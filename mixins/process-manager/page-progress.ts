import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { ConsumerPage } from "../consumer/consumer-page.ts";

/**
 * The time up to which every event that came in time is certainly handled, after a page. @param askedAt when the page
 * was requested
 */
export function dueUntil({ events, end, newer }: ConsumerPage, askedAt: number): number {
  const last = newer ?? events.at(-1);
  const passed = end ? askedAt : last ? Date.parse(last.time) - 1 : 0;
  return Math.min(passed, askedAt);
}

/** The progress through a page whose events are done in any order. */
export class PageProgress {
  readonly #events: readonly RecordedEvent[];
  readonly #done = new Set<string>();
  /** Of events that belong to several processes. */
  readonly #expected = new Map<string, number>();
  #next = 0;

  constructor(events: readonly RecordedEvent[]) {
    this.#events = events;
  }

  /** The event is done after so many notes: one for each process that it belongs to. Default: one. */
  expect({ id }: RecordedEvent, notes: number): void {
    if (notes > 1) this.#expected.set(id, notes);
  }

  /** Returns the event up to which all are done; null if the first is not. */
  note({ id }: RecordedEvent): RecordedEvent | null {
    const left = (this.#expected.get(id) ?? 1) - 1;
    if (left > 0) this.#expected.set(id, left);
    else this.#done.add(id);
    for (let next = this.#events[this.#next]; next && this.#done.delete(next.id); next = this.#events[this.#next])
      this.#next++;
    return this.#events[this.#next - 1] ?? null;
  }

  get isDone(): boolean {
    return this.#next === this.#events.length;
  }
}

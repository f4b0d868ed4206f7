import type { RecordedEvent } from "../../../core/event/recorded-event.ts";

/** How a history is to differ from what has happened. Positions and versions of real events stay as they are. */
export interface Alterations {
  /** Each comes right after the real events up to its `position`; those with one position in the order given. */
  injected: readonly RecordedEvent[];
  isSkipped: (event: RecordedEvent) => boolean;
  /** By event id. */
  replaced: ReadonlyMap<string, unknown>;
}

/** A stretch of the log, up to and including `position`. */
export interface Stretch {
  events: readonly RecordedEvent[];
  position: number;
  unreadable?: Readonly<Record<string, unknown>>;
}

/** How many events were altered so far. */
export interface AlteredCounts {
  injected: number;
  skipped: number;
  replaced: number;
}

/** A log as it would be with some events more, without some, or with other payloads; given stretch by stretch, in order. */
export class AlteredHistory {
  readonly counts: AlteredCounts = { injected: 0, skipped: 0, replaced: 0 };
  readonly #alterations: Alterations;
  readonly #injected: readonly RecordedEvent[];
  #nextInjected = 0;

  constructor(alterations: Alterations) {
    this.#alterations = alterations;
    // A stable sort: those with one position stay in their order.
    this.#injected = alterations.injected.toSorted((a, b) => a.position - b.position);
  }

  /** The stretch as it would be; the one that is given stays as it is. */
  alter<Page extends Stretch>(page: Page): Page {
    const events: RecordedEvent[] = [];
    for (const event of page.events) {
      this.#injectUpTo(event.position - 1, events);
      this.#pass(event, events);
    }
    this.#injectUpTo(page.position, events);
    return { ...page, events, ...(page.unreadable && { unreadable: this.#withoutReplaced(page.unreadable) }) };
  }

  #injectUpTo(position: number, events: RecordedEvent[]): void {
    for (let next; (next = this.#injected[this.#nextInjected]) && next.position <= position; this.#nextInjected++) {
      events.push(next);
      this.counts.injected++;
    }
  }

  #pass(event: RecordedEvent, events: RecordedEvent[]): void {
    const { isSkipped, replaced } = this.#alterations;
    if (isSkipped(event)) {
      this.counts.skipped++;
    } else if (replaced.has(event.id)) {
      events.push({ ...event, payload: replaced.get(event.id) as RecordedEvent["payload"] });
      this.counts.replaced++;
    } else events.push(event);
  }

  /** Whatever made an event unreadable stood in its payload. */
  #withoutReplaced<Why>(unreadable: Readonly<Record<string, Why>>): Record<string, Why> {
    return Object.fromEntries(Object.entries(unreadable).filter(([id]) => !this.#alterations.replaced.has(id)));
  }
}

import type { PageEvent } from "../../../core/event/page-event.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";

/** Changes of a history. Positions and versions of real events do not change. */
export interface Alterations {
  /** Each follows the real events up to its `position`. Those with equal positions stay in the given order. */
  injected: readonly RecordedEvent[];
  isSkipped: (event: RecordedEvent) => boolean;
  /** New payloads, by event id. */
  replaced: ReadonlyMap<string, unknown>;
}

/** A page of the log, up to and including `position`. */
export interface Stretch {
  events: readonly PageEvent[];
  position: number;
  unreadable?: Readonly<Record<string, unknown>>;
}

/** The number of altered events so far. */
export interface AlteredCounts {
  injected: number;
  skipped: number;
  replaced: number;
}

/** Applies alterations to a log, page by page: injects events, skips events, replaces payloads. */
export class AlteredHistory {
  readonly counts: AlteredCounts = { injected: 0, skipped: 0, replaced: 0 };
  readonly #alterations: Alterations;
  readonly #injected: readonly RecordedEvent[];
  #nextInjected = 0;

  constructor(alterations: Alterations) {
    this.#alterations = alterations;
    // The sort is stable, so events with equal positions stay in their order.
    this.#injected = alterations.injected.toSorted((a, b) => a.position - b.position);
  }

  /** Returns an altered copy of the page. Call it for every page, in order. */
  alter<Page extends Stretch>(page: Page): Page {
    const events: PageEvent[] = [];
    for (const event of page.events) {
      this.#injectUpTo(event.position - 1, events);
      this.#pass(event, events);
    }
    this.#injectUpTo(page.position, events);
    return { ...page, events, ...(page.unreadable && { unreadable: this.#withoutReplaced(page.unreadable) }) };
  }

  #injectUpTo(position: number, events: PageEvent[]): void {
    for (let next; (next = this.#injected[this.#nextInjected]) && next.position <= position; this.#nextInjected++) {
      events.push(next);
      this.counts.injected++;
    }
  }

  #pass(event: PageEvent, events: PageEvent[]): void {
    if (event.parts) {
      const parts: RecordedEvent[] = [];
      for (const part of event.parts) this.#pass(part, parts);
      if (parts.length > 0) events.push({ ...parts[0]!, id: event.id, parts });
      return;
    }
    const { isSkipped, replaced } = this.#alterations;
    if (isSkipped(event)) {
      this.counts.skipped++;
    } else if (replaced.has(event.id)) {
      events.push({ ...event, payload: replaced.get(event.id) as RecordedEvent["payload"] });
      this.counts.replaced++;
    } else events.push(event);
  }

  /** Omits replaced events: only the replaced payload can have made them unreadable. */
  #withoutReplaced<Why>(unreadable: Readonly<Record<string, Why>>): Record<string, Why> {
    return Object.fromEntries(Object.entries(unreadable).filter(([id]) => !this.#alterations.replaced.has(id)));
  }
}

import { NewerEventError } from "../../core/catalogue/newer-event.ts";
import { processesOf } from "../../core/process/correlation.ts";
import type { ProcessDefinition } from "../../core/process/definition.ts";
import { freezeEvent, type RecordedEvent } from "../../core/event/recorded-event.ts";
import type { ConsumerPage } from "../consumer/consumer-page.ts";
import type { EventSource } from "../consumer/event-source.ts";
import type { Task } from "./task.ts";

interface Dependencies {
  source: Pick<EventSource, "page">;
  definition: ProcessDefinition;
  isGivenUp: (id: string) => boolean;
  /** Whether the event at this position is parked by itself. */
  isLost: (position: number) => boolean;
}

/** One step through a range of the log: up to `position` the log contains no other event of the process. */
export interface Step {
  position: number;
  /** The process's event at `position`; null if the range up to there has none. */
  task: (Task & { kind: "event" }) | null;
}

const eventsPerPage = 200;

/** Finds the waiting events of one process in the log, since their content is not stored with the process. */
export class WaitingEvents {
  readonly #d: Dependencies;
  /** The page that was read last, for the next turn of the same process. */
  #last: { after: number; page: ConsumerPage } | null = null;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** The steps from one position to another, both included, in the order of the log. @throws an outage's error */
  async *between(id: string, from: number, to: number): AsyncGenerator<Step> {
    for (let after = from - 1; after < to;) {
      const page = await this.#pageAfter(after, Math.min(eventsPerPage, to - after));
      for (const event of page.events.map(freezeEvent)) {
        const { position } = event;
        if (position > to) break;
        const task = this.#taskOf(id, event, page.unreadable?.[event.id]);
        if (task) yield { position, task };
      }
      // A newer release has passed it: it may belong to this process.
      if (page.newer && page.position === after) throw new NewerEventError(page.newer);
      // The end of a cached page may not be the end of the log any more.
      after = page.position > after ? Math.min(page.position, to) : to;
      yield { position: after, task: null };
    }
  }

  async #pageAfter(after: number, limit: number): Promise<ConsumerPage> {
    const last = this.#last;
    if (last && last.after <= after && after < last.page.position) {
      const events = last.page.events.filter(({ position }) => position > after);
      return { ...last.page, events };
    }
    const page = await this.#d.source.page(after, limit);
    this.#last = { after, page };
    return page;
  }

  /** The process's event at a position; null if there is none, or it is given up. @throws an outage's error */
  async at(id: string, position: number): Promise<Step["task"]> {
    // Events that were unreadable before may be readable now.
    this.#last = null;
    for await (const { task } of this.between(id, position, position)) if (task) return task;
    return null;
  }

  /** An event that correlated when it was first read and does not now fails in its place: ignored, it would be lost. */
  #taskOf(id: string, event: RecordedEvent, unreadable: unknown): Step["task"] {
    if (this.#d.isGivenUp(event.id) || this.#d.isLost(event.position)) return null;
    try {
      const own = processesOf(this.#d.definition, event).find(([process]) => process === id);
      return own ? { kind: "event", event: own[1], unreadable } : null;
    } catch (error) {
      return { kind: "event", event, unreadable: unreadable ?? error };
    }
  }
}

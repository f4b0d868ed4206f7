import { partsOf } from "../../core/event/page-event.ts";
import { freezeEvent, type RecordedEvent } from "../../core/event/recorded-event.ts";
import type { Checkpoint } from "../consumer/checkpoint.ts";
import type { ConsumerPage } from "../consumer/consumer-page.ts";
import type { EventSource } from "../consumer/event-source.ts";
import type { Failure } from "../consumer/failure.ts";
import type { Failures } from "../consumer/failures.ts";
import { eventsFrom, firstOfOtherStreams, mostProbed, needsAll, probe } from "../consumer/later-events.ts";

interface Dependencies {
  failures: Failures;
  checkpoint: Pick<Checkpoint, "isEarly" | "earlyCount" | "passEarly">;
  source: Pick<EventSource, "page">;
  handle: (event: RecordedEvent) => Promise<void>;
  /** The handlers of a type. */
  handlersOf: (type: string) => readonly unknown[];
  isSkipped: (id: string) => boolean;
  isParked: (stream: string) => boolean;
  isInterrupted: () => boolean;
}

/** Undefined for an event that is read as several: the first of them would be handled again with the others. */
const onePart = (event: RecordedEvent): RecordedEvent | undefined => {
  const [part, ...more] = partsOf(event);
  return more.length === 0 ? part : undefined;
};

const eventsPerPage = 1000;

/** Events that are handled before their turn, to tell an event whose call always fails from an outage. */
export class EarlyEvents {
  readonly #d: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** Whether a later event of another stream is handled where one of this page seems to meet an outage. */
  probe(page: ConsumerPage): Promise<boolean> {
    return probe({
      ...this.#d,
      candidates: (suspect) => this.#candidates(suspect, page),
      passes: (event, suspect) => this.#handle(event, suspect),
    });
  }

  async *#candidates(suspect: Failure, page: ConsumerPage): AsyncGenerator<RecordedEvent> {
    const { source, checkpoint, handlersOf, isSkipped, isParked } = this.#d;
    const needed = partsOf(suspect.event).flatMap(({ type }) => handlersOf(type));
    const isDone = ({ id }: RecordedEvent) => isSkipped(id) || checkpoint.isEarly(id);
    const events = eventsFrom(page, (after) => source.page(after, eventsPerPage));
    for await (const event of firstOfOtherStreams(events, suspect, isDone)) {
      const part = onePart(event);
      if (part && !isParked(event.stream) && needsAll(handlersOf(part.type), needed)) yield event;
    }
  }

  /** Stored at once: the event is handled neither again in its turn nor by another node. */
  async #handle(event: RecordedEvent, { event: { id: suspect } }: Failure): Promise<boolean> {
    const { checkpoint, handle } = this.#d;
    // So many have passed before: after a crash the suspect is tried again from the beginning.
    if (checkpoint.earlyCount(suspect) >= mostProbed) return true;
    try {
      await handle(freezeEvent(onePart(event)!));
    } catch {
      // It is handled in its turn, and its failure counts then.
      return false;
    }
    await checkpoint.passEarly(event, suspect);
    return true;
  }
}

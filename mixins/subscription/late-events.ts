import type { ParkedChoice } from "../../core/consumer/consumer-control.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import type { ParkedStream } from "../../core/table/read-table.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { Unreadable } from "../../core/catalogue/upcast.ts";
import type { EventSource } from "../consumer/event-source.ts";
import type { ParkedStreams } from "../consumer/parked-streams.ts";
import { beginSlice } from "../consumer/slice.ts";
import { StreamReader } from "../consumer/stream-reader.ts";

interface Dependencies {
  source: Pick<EventSource, "streamPage">;
  parked: ParkedStreams;
  /** The checkpoint: events after it come with the next page. */
  upTo: () => number;
  mustStop: () => boolean;
  isGivenUp: (id: string) => boolean;
  /** Returns whether the event is done; if not, it is parked again. @throws an outage's error */
  handle: (event: RecordedEvent, unreadable: Unreadable | undefined) => Promise<boolean>;
  /** Nothing of the stream waits any more. */
  end: (stream: string) => void;
}

/** Handles the events of parked streams late: retried events, then those behind them, each stream in order. */
export class LateEvents {
  readonly #d: Dependencies;
  readonly #reader: StreamReader;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#reader = new StreamReader(dependencies.source);
  }

  choose({ id, stream }: ParkedChoice): void {
    for (const parked of this.#d.parked.values())
      if (parked.error && (id ?? parked.id) === parked.id && (stream ?? parked.stream) === parked.stream)
        this.#d.parked.choose(parked.stream);
  }

  get isGoingOn(): boolean {
    return this.#d.parked.isGoingOn;
  }

  /** Handles late events for one time slice; returns how many were handled. */
  async goOn(): Promise<number> {
    const mustPause = beginSlice(this.#d.mustStop);
    let handled = 0;
    do {
      const stream = this.#d.parked.takeNext();
      if (!stream) break;
      handled += await this.#goOnIn(stream, mustPause);
    } while (!mustPause());
    return handled;
  }

  /**
   * Handles a page of a stream, or a part of it. @throws an outage's error: the event that met it stays parked, or
   * waits, as before
   */
  async #goOnIn({ stream, version, error: failure }: ParkedStream, mustPause: () => boolean): Promise<number> {
    const { parked, upTo, handle, end, isGivenUp } = this.#d;
    let handled = 0;
    const pace = new Pace();
    try {
      if (failure) this.#reader.forget();
      const { events, unreadable } = await this.#reader.next(stream, failure ? version - 1 : version, upTo());
      if (events.length === 0) end(stream);
      for (const event of events) {
        if (handled > 0 && mustPause()) return handled;
        // Handlers may never yield to the event loop.
        if (pace.isDue()) await pace.turn();
        if (!(await handle(event, unreadable?.[event.id]))) return handled;
        if (!isGivenUp(event.id)) handled++;
      }
      parked.yieldTurn(stream);
    } catch (error) {
      parked.clearChosen();
      parked.yieldTurn(stream);
      throw error;
    }
    return handled;
  }
}

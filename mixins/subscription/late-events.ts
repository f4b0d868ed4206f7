import type { ParkedChoice } from "../../core/consumer/consumer-control.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import type { ParkedStream } from "../../core/table/read-table.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { Unreadable } from "../../core/catalogue/upcast.ts";
import type { EventSource } from "../consumer/event-source.ts";
import type { ParkedStreams } from "../consumer/parked-streams.ts";
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

/** How long the log's other events wait at most for a slice; a running handler is awaited. */
const sliceMs = 50;

/** Handles the events of parked streams late: retried events, then those behind them, each stream in order. */
export class LateEvents {
  readonly #d: Dependencies;
  /** Streams whose failed event is to be retried. */
  readonly #chosen = new Set<string>();
  readonly #reader: StreamReader;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#reader = new StreamReader(dependencies.source);
  }

  choose({ id, stream }: ParkedChoice): void {
    for (const parked of this.#d.parked.values())
      if (parked.error && (id ?? parked.id) === parked.id && (stream ?? parked.stream) === parked.stream)
        this.#chosen.add(parked.stream);
  }

  get isGoingOn(): boolean {
    return this.#chosen.size > 0 || this.#d.parked.nextFree !== undefined;
  }

  /** Handles late events for one time slice; returns how many were handled. */
  async goOn(): Promise<number> {
    const end = performance.now() + sliceMs;
    const mustPause = () => this.#d.mustStop() || performance.now() >= end;
    let handled = 0;
    do {
      const stream = this.#next();
      if (!stream) break;
      handled += await this.#goOnIn(stream, mustPause);
    } while (!mustPause());
    return handled;
  }

  #next(): ParkedStream | undefined {
    const { parked } = this.#d;
    for (const name of this.#chosen) {
      const stream = parked.get(name);
      this.#chosen.delete(name);
      if (stream?.error) return stream;
    }
    return parked.get(parked.nextFree ?? "");
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
      this.#chosen.clear();
      parked.yieldTurn(stream);
      throw error;
    }
    return handled;
  }
}

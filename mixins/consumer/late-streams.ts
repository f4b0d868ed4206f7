import { Pace } from "../../core/concurrency/pace.ts";
import type { ParkedStream } from "../../core/table/read-table.ts";
import type { StreamPage } from "./consumer-page.ts";
import type { EventSource } from "./event-source.ts";
import { passedIn, type ParkedStreams } from "./parked-streams.ts";
import { beginSlice } from "./slice.ts";
import { StreamReader } from "./stream-reader.ts";

interface Dependencies {
  source: Pick<EventSource, "streamPage">;
  parked: Pick<ParkedStreams, "get" | "takeNext" | "yieldTurn" | "clearChosen">;
  isInterrupted: () => boolean;
  /** The checkpoint: events after it come with the next page. */
  upTo: () => number;
  /**
   * Handles events of one stream in order, at least the first, until one fails, which it parks again, or until
   * `mustStop`. Returns how many were handled. @throws an outage's error: the event that met it stays as it is
   */
  handle: (page: StreamPage, mustStop: () => boolean) => Promise<number>;
  /** Sets the parked state of a stream; null: nothing of it waits any more. */
  put: (stream: string, parked: ParkedStream | null) => void | Promise<void>;
}

/**
 * Handles parked streams late, in slices: first the failed events that were chosen for a retry, then the events that
 * are not blocked any more. Those are read from the log, each stream in its order.
 */
export class LateStreams {
  readonly #d: Dependencies;
  readonly #reader: StreamReader;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#reader = new StreamReader(dependencies.source);
  }

  /**
   * Handles late events for one time slice; returns how many were handled. @throws an outage's error, after which
   * nothing is chosen any more
   */
  async goOn(): Promise<number> {
    const { parked, isInterrupted } = this.#d;
    const mustStop = beginSlice(isInterrupted);
    const pace = new Pace();
    let handled = 0;
    for (let next = parked.takeNext(); next; next = parked.takeNext()) {
      handled += await this.#goOnIn(next, mustStop);
      if (mustStop()) break;
      // An in-process store, table or handler may never yield to the event loop.
      if (pace.isDue()) await pace.turn();
    }
    return handled;
  }

  async #goOnIn(stream: ParkedStream, mustStop: () => boolean): Promise<number> {
    const { parked } = this.#d;
    try {
      return await (stream.error ? this.#retry(stream) : this.#handlePage(stream, mustStop));
    } catch (error) {
      parked.clearChosen();
      parked.yieldTurn(stream.stream);
      throw error;
    }
  }

  async #retry(stream: ParkedStream): Promise<number> {
    this.#reader.forget();
    const { events, ...page } = await this.#reader.next(stream.stream, stream.version - 1, stream.position);
    const [event] = events;
    if (event?.id === stream.id) return this.#d.handle({ ...page, events: [event] }, () => true);
    // The consumer does not handle the event's type any more.
    await this.#d.put(stream.stream, passedIn(stream, stream));
    return 0;
  }

  /** Handles a page of the events that waited behind the failed one, or a part of it. */
  async #handlePage({ stream, version }: ParkedStream, mustStop: () => boolean): Promise<number> {
    const { parked, upTo, handle, put } = this.#d;
    const page = await this.#reader.next(stream, version, upTo());
    const last = page.events.at(-1);
    if (!last) {
      await put(stream, null);
      return 0;
    }
    const handled = await handle(page, mustStop);
    if (parked.get(stream)?.version === last.version) parked.yieldTurn(stream);
    return handled;
  }
}

import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { StreamPage } from "./consumer-page.ts";
import type { EventSource } from "./event-source.ts";

/** Reads the events that wait in parked streams, in pages. It caches the last page. */
export class StreamReader {
  readonly #source: Pick<EventSource, "streamPage">;
  #rest: { stream: string; from: number; page: StreamPage } | null = null;

  constructor(source: Pick<EventSource, "streamPage">) {
    this.#source = source;
  }

  /** Events that were unreadable before may be readable now. */
  forget(): void {
    this.#rest = null;
  }

  /**
   * The next events of the stream after a version, up to a position of the log; empty at the end of the stream.
   * @throws an outage's error
   */
  async next(stream: string, afterVersion: number, upTo: number): Promise<StreamPage> {
    const isNext = ({ version, position }: RecordedEvent) => version > afterVersion && position <= upTo;
    if (this.#rest?.stream === stream && this.#rest.from <= afterVersion) {
      const { page } = this.#rest;
      const events = page.events.filter(isNext);
      if (events.length > 0) return { ...page, events };
    }
    this.#rest = null;
    const page = await this.#source.streamPage(stream, afterVersion);
    this.#rest = { stream, from: afterVersion, page };
    return { ...page, events: page.events.filter(isNext) };
  }

  /** Every event of the stream after a version, up to a position. */
  async *all(stream: string, afterVersion: number, upTo: number): AsyncGenerator<RecordedEvent> {
    for (let version = afterVersion; ;) {
      const { events } = await this.next(stream, version, upTo);
      if (events.length === 0) return;
      yield* events;
      version = events.at(-1)!.version;
    }
  }
}

import type { ParkedChoice } from "../../../core/consumer/consumer-control.ts";
import { isOutage } from "../../../core/errors/outage.ts";
import { Pace } from "../../../core/concurrency/pace.ts";
import type { Batch, ParkedStream } from "../../../core/table/read-table.ts";
import { freezeEvent, type RecordedEvent } from "../../../core/event/recorded-event.ts";
import type { Unreadable } from "../../../core/catalogue/upcast.ts";
import type { EventSource } from "../../consumer/event-source.ts";
import type { Interruption } from "../../consumer/error-policy.ts";
import { failedAt, passedIn } from "../../consumer/parked-streams.ts";
import { beginSlice } from "../../consumer/slice.ts";
import { StreamReader } from "../../consumer/stream-reader.ts";
import { waitingEvent, type EventLookup } from "../../consumer/waiting-event.ts";
import { foldBatch, passed, type EventOutcome } from "./fold-batch.ts";
import type { FoldState } from "./fold-state.ts";
import type { MappedTransforms } from "./mapped-transforms.ts";

/** Reads the events of parked streams. */
export type LateSource = Pick<EventSource, "streamPage"> & EventLookup;

interface Dependencies extends Pick<Interruption, "isInterrupted"> {
  state: FoldState;
  mapped: MappedTransforms;
  source: LateSource;
  onCommit: (folded: number) => void;
}

/**
 * Folds parked streams late, in slices. It retries the chosen events, reads the events that are not blocked any more
 * from the log, and folds them in batches, each stream in its order. Each batch stores its progress.
 */
export class LateFold {
  readonly #d: Dependencies;
  readonly #reader: StreamReader;
  #skipped: ReadonlySet<string> = new Set();
  /** Skipped events that were not searched for among the waiting ones yet. */
  #news: string[] = [];

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#reader = new StreamReader(dependencies.source);
  }

  /** Call if the stored streams may have changed. */
  forget(): void {
    this.#d.state.parked.clearChosen();
    this.#skipped = new Set();
    this.#news = [];
  }

  /** Selects the parked events that the next `goOn` retries. @throws an outage's error */
  async choose({ id, stream }: ParkedChoice): Promise<void> {
    const { parked } = this.#d.state;
    const named = id === undefined ? stream : await this.#streamOf(id);
    if (stream !== undefined && named !== stream) return;
    for (const one of id === undefined && stream === undefined ? parked.values() : [parked.get(named ?? "")])
      if (one?.error) parked.choose(one.stream);
  }

  async #streamOf(id: string): Promise<string | undefined> {
    for (const { id: failed, stream } of this.#d.state.parked.values()) if (failed === id) return stream;
    return (await this.#waiting(id))?.stream;
  }

  /** The parked stream in which the event waits behind another. */
  async #waiting(id: string): Promise<ParkedStream | null> {
    const { state, mapped, source } = this.#d;
    const event = await waitingEvent(source, id, {
      stream: (name) => state.parked.get(name),
      upTo: state.settled.position,
      isMapped: (type) => mapped.of(type).length > 0,
    });
    return event && state.parked.get(event.stream)!;
  }

  /** A skipped event that has failed unblocks its stream. A skipped event that waits is omitted when its turn comes. */
  async skip(skipped: ReadonlySet<string>): Promise<void> {
    for (const id of skipped) if (!this.#skipped.has(id)) this.#news.push(id);
    this.#skipped = skipped;
    if (this.#news.length === 0) return;
    const { parked } = this.#d.state;
    const news = new Set(this.#news);
    const given = [...parked.values()].filter(({ id, error }) => error && news.delete(id));
    await this.#put(given.map((stream) => [stream.stream, passedIn(stream, stream)]));
    // Each id costs a lookup in the log, which is useless if no event waits.
    if (![...parked.values()].some(({ waiting }) => waiting > 0)) news.clear();
    for (const id of news) {
      const stream = await this.#waiting(id);
      if (!stream) continue;
      const givenUp = [...(stream.givenUp ?? []), id];
      await this.#put([[stream.stream, { ...stream, givenUp, waiting: Math.max(stream.waiting - 1, 0) }]]);
    }
    this.#news = [];
  }

  async #put(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    await this.#d.state.inBatch(() => {
      for (const change of changes) this.#d.state.put(...change);
      return true;
    });
  }

  /** Folds unblocked events for one slice, each stream in its order; returns how many. @throws an outage's error */
  async goOn(): Promise<number> {
    const mustStop = beginSlice(this.#d.isInterrupted);
    let folded = 0;
    const pace = new Pace();
    for (;;) {
      const next = this.#d.state.parked.takeNext();
      if (!next) return folded;
      folded += next.error ? await this.#retry(next) : await this.#foldPage(next, mustStop);
      if (mustStop()) return folded;
      // An in-process store and table may never yield to the event loop.
      if (pace.isDue()) await pace.turn();
    }
  }

  /** Retries the failed event. @throws an outage's error: the event stays parked, and the choice is cleared */
  async #retry(stream: ParkedStream): Promise<number> {
    this.#reader.forget();
    try {
      const { events, unreadable } = await this.#reader.next(stream.stream, stream.version - 1, stream.position);
      if (events[0]?.id === stream.id) return await this.#fold(events.slice(0, 1), unreadable, () => true);
    } catch (error) {
      this.#d.state.parked.clearChosen();
      throw error;
    }
    // The event's type is not mapped any more.
    await this.#put([[stream.stream, passedIn(stream, stream)]]);
    return 0;
  }

  /** Folds a page of the events that waited behind the failed one. */
  async #foldPage({ stream, version }: ParkedStream, mustStop: () => boolean): Promise<number> {
    const { state } = this.#d;
    const { events, unreadable } = await this.#reader.next(stream, version, state.settled.position);
    if (events.length === 0) await this.#put([[stream, null]]);
    const folded = await this.#fold(events, unreadable, mustStop);
    if (state.parked.get(stream)?.version === events.at(-1)?.version) state.parked.yieldTurn(stream);
    return folded;
  }

  /**
   * Folds until an event fails again, and parks that event. @throws an outage's error; the events before it are
   * committed
   */
  async #fold(events: readonly RecordedEvent[], unreadable: Unreadables, mustStop: () => boolean): Promise<number> {
    const { state, onCommit } = this.#d;
    let folded = 0;
    const pace = new Pace();
    for (let next = 0; next < events.length && (next === 0 || !mustStop());) {
      if (pace.isDue()) await pace.turn();
      const batch = await foldBatch(state, events, next, {
        fold: (changes, event) => this.#foldInto(changes, event, unreadable?.[event.id]),
        pass: (event, did) => this.#pass(event, did === "fold"),
        mustStop,
      });
      next = batch.next;
      folded += batch.folded;
      if (batch.isCommitted) onCommit(batch.folded);
      if (!batch.failure) continue;
      await this.#fail(batch.failure);
      break;
    }
    return folded;
  }

  #foldInto(
    changes: Batch,
    event: RecordedEvent,
    unreadable: Unreadable | undefined,
  ): EventOutcome | Promise<EventOutcome> {
    const mappings = this.#d.mapped.of(event.type);
    if (mappings.length === 0 || this.#skipped.has(event.id)) return passed;
    return unreadable ? { error: unreadable } : this.#d.mapped.fold(mappings, freezeEvent(event), changes);
  }

  #pass(event: RecordedEvent, isFolded: boolean): true {
    const { state } = this.#d;
    if (isFolded) state.passLate(event);
    state.put(event.stream, passedIn(state.parked.get(event.stream)!, event));
    return true;
  }

  async #fail({ event, error }: { event: RecordedEvent; error: unknown }): Promise<void> {
    const { parked } = this.#d.state;
    if (!isOutage(error)) return this.#put([[event.stream, failedAt(parked.get(event.stream)!, event, error)]]);
    parked.yieldTurn(event.stream);
    throw error;
  }
}

/** The new state of a parked stream; null: nothing of it waits any more. */
type Change = readonly [stream: string, parked: ParkedStream | null];

type Unreadables = Readonly<Record<string, Unreadable>> | undefined;

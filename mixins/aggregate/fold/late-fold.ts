import type { ParkedChoice } from "../../../core/consumer/consumer-control.ts";
import { isOutage } from "../../../core/errors/outage.ts";
import { Pace } from "../../../core/concurrency/pace.ts";
import type { Batch, ParkedStream } from "../../../core/table/read-table.ts";
import type { PageEvent } from "../../../core/event/page-event.ts";
import { freezeEvent, type RecordedEvent } from "../../../core/event/recorded-event.ts";
import type { Unreadable } from "../../../core/catalogue/upcast-page.ts";
import type { StreamPage } from "../../consumer/consumer-page.ts";
import type { Interruption } from "../../consumer/error-policy.ts";
import { LateStreams } from "../../consumer/late-streams.ts";
import { failedAt, passedIn } from "../../consumer/parked-streams.ts";
import { waitingEvent, type EventLookup } from "../../consumer/waiting-event.ts";
import { foldBatch, passed, type EventOutcome } from "./fold-batch.ts";
import type { FoldState } from "./fold-state.ts";
import type { MappedTransforms } from "./mapped-transforms.ts";

/** Reads the events of parked streams. */
export type LateSource = EventLookup;

interface Dependencies extends Pick<Interruption, "isInterrupted"> {
  state: FoldState;
  mapped: MappedTransforms;
  source: LateSource;
  onCommit: (folded: number) => void;
}

/** Folds parked streams late, in batches. Each batch stores its progress. */
export class LateFold {
  readonly #d: Dependencies;
  readonly #streams: LateStreams;
  #skipped: ReadonlySet<string> = new Set();
  /** Skipped events that were not searched for among the waiting ones yet. */
  #news: string[] = [];

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    const { state, source, isInterrupted } = dependencies;
    this.#streams = new LateStreams({
      source,
      parked: state.parked,
      isInterrupted,
      upTo: () => state.settled.position,
      handle: this.#fold.bind(this),
      put: (...change) => this.#put([change]),
    });
  }

  /** Call if the stored streams may have changed. */
  forget(): void {
    this.#d.state.parked.clearChosen();
    this.#skipped = new Set();
    this.#news = [];
  }

  /** Selects the parked events that the next `goOn` retries. @throws an outage's error */
  async choose(choice: ParkedChoice): Promise<void> {
    const { parked } = this.#d.state;
    const { id, stream } = choice;
    if (parked.choose(choice) || id === undefined) return;
    // The failed event in front of a waiting one is retried.
    const behind = await this.#waiting(id);
    if (behind && (stream ?? behind.stream) === behind.stream) parked.choose({ stream: behind.stream });
  }

  /** The parked stream in which the event waits behind another. */
  async #waiting(id: string): Promise<ParkedStream | null> {
    const { state, source } = this.#d;
    const event = await waitingEvent(source, id, {
      stream: (name) => state.parked.get(name),
      upTo: state.settled.position,
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
  goOn(): Promise<number> {
    return this.#streams.goOn();
  }

  /**
   * Folds until an event fails again, and parks that event. @throws an outage's error; the events before it are
   * committed
   */
  async #fold({ events, unreadable }: StreamPage, mustStop: () => boolean): Promise<number> {
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
    event: PageEvent,
    unreadable: Unreadable | undefined,
  ): EventOutcome | Promise<EventOutcome> {
    const mappings = this.#d.mapped.of(event.type);
    if ((mappings.length === 0 && !unreadable) || this.#skipped.has(event.id)) return passed;
    if (unreadable) return { error: unreadable };
    if (event.parts) return this.#d.mapped.foldParts(event.parts, changes);
    return this.#d.mapped.fold(mappings, freezeEvent(event), changes);
  }

  #pass(event: RecordedEvent, isFolded: boolean): true {
    const { state } = this.#d;
    if (isFolded) state.passLate(event);
    state.put(event.stream, passedIn(state.parked.get(event.stream)!, event));
    return true;
  }

  async #fail({ event, error }: { event: RecordedEvent; error: unknown }): Promise<void> {
    const { parked } = this.#d.state;
    if (isOutage(error)) throw error;
    await this.#put([[event.stream, failedAt(parked.get(event.stream)!, event, error)]]);
  }
}

/** The new state of a parked stream; null: nothing of it waits any more. */
type Change = readonly [stream: string, parked: ParkedStream | null];

import type { NewerEvent } from "../../../core/catalogue/newer-event.ts";
import type { Mapping } from "../../../core/rows/mapping.ts";
import type { Fields } from "../../../core/rows/fields.ts";
import type { Batch, Generation, ParkedStream, Progress } from "../../../core/table/read-table.ts";
import { partsOf, type PageEvent } from "../../../core/event/page-event.ts";
import { freezeEvent, type RecordedEvent } from "../../../core/event/recorded-event.ts";
import type { ErrorPolicy, Interruption, Tried } from "../../consumer/error-policy.ts";
import type { EventSource } from "../../consumer/event-source.ts";
import type { Failure } from "../../consumer/failure.ts";
import { Failures } from "../../consumer/failures.ts";
import { parkedAs, parkedWarning } from "../../consumer/parked-streams.ts";
import { eventsFrom, firstOfOtherStreams, needsAll, probe } from "../../consumer/later-events.ts";
import { tryAgain } from "../../consumer/try-again.ts";
import { FoldState } from "./fold-state.ts";
import { foldBatch, passed, waits, type BatchOutcome, type BatchStep, type EventOutcome } from "./fold-batch.ts";
import { LateFold, type LateSource } from "./late-fold.ts";
import { Pace } from "../../../core/concurrency/pace.ts";
import { markFailed, type FoldSpans } from "../../observability/spans.ts";
import type { Unreadable } from "../../../core/catalogue/upcast-page.ts";
import { MappedTransforms } from "./mapped-transforms.ts";
import type { Transform, Transforms } from "./transform.ts";
import type { UnfilledFields } from "./unfilled-fields.ts";

interface Dependencies extends Interruption {
  name: string;
  generation: Generation;
  fields: Fields;
  mappings: readonly Mapping<Transform>[];
  transforms: Transforms;
  /** Reads the events that wait in parked streams. */
  source: LateSource & Pick<EventSource, "page">;
  policy: ErrorPolicy;
  spans: FoldSpans | null;
  unfilled?: UnfilledFields;
  /** Whether this fold's time share is used up. Omitted: never. */
  turns?: { readonly isOver: boolean };
  /** Events that are already given up when the fold begins. */
  skipped?: ReadonlySet<string>;
  /** Called after a commit, with the number of events that were folded. */
  onCommit: (folded: number) => void;
  /** Called if an event waits behind a parked one. */
  onWait?: (event: RecordedEvent) => void;
  warn: (message: string, details: object) => void;
}

const eventsPerProbedPage = 1000;

/** Events in the order of the log, the position up to which they reach, and which of them are unreadable. */
interface EventPage extends Pick<Progress, "position" | "positionId" | "log"> {
  events: readonly RecordedEvent[];
  unreadable?: Readonly<Record<string, Unreadable>>;
  /** Omitted if no later page belongs to it. */
  end?: boolean;
  newer?: NewerEvent;
}

/**
 * Folds events into one generation: rows, parked events and checkpoint of a batch in one commit. It depends on neither
 * broker nor log; events are passed to it in order.
 */
export class Fold {
  /** Others may read it; only this class changes it. */
  readonly state: FoldState;
  readonly failures: Failures;
  /** Folds the parked events that can continue. */
  readonly late: LateFold;
  readonly #d: Dependencies;
  readonly #mapped: MappedTransforms;
  readonly #step: BatchStep;
  #skipped: ReadonlySet<string>;
  /** Events of the current page that the store cannot upcast. A retry here would not change that. */
  #unreadable: Readonly<Record<string, Unreadable>> | undefined;
  #page: EventPage | null = null;

  private constructor(dependencies: Dependencies, state: FoldState) {
    const { name, policy, mappings, fields, transforms, unfilled, skipped = new Set() } = dependencies;
    this.#d = dependencies;
    this.#mapped = new MappedTransforms(mappings, fields, transforms, unfilled);
    this.state = state;
    this.failures = new Failures(name, policy);
    this.#skipped = skipped;
    this.late = new LateFold({ ...dependencies, state, mapped: this.#mapped });
    this.#step = {
      fold: this.#foldInto.bind(this),
      pass: state.pass.bind(state),
      mustStop: this.#mustStop.bind(this),
    };
  }

  static async on(dependencies: Dependencies): Promise<Fold> {
    return new Fold(dependencies, await FoldState.of(dependencies.generation));
  }

  /** Reloads the stored state, after an error whose outcome is unknown. */
  async reload(): Promise<void> {
    this.late.forget();
    await this.state.reload();
    this.failures.endUpTo(this.state.settled.position);
  }

  /**
   * Folds events in the order of the log, up to `position`. Stops early, between two events, when interrupted or when
   * too many were parked. The folded events are committed in every case.
   * @throws an outage's error, or FieldFilledError; the event that met it is not passed.
   */
  async foldPage(page: EventPage): Promise<void> {
    const { events, position, positionId, log, unreadable } = page;
    this.#page = page;
    this.#unreadable = unreadable;
    const { state } = this;
    if (state.settled.log !== log) state.moveTo({ log });
    let next = 0;
    if (events.length > 0) {
      const pace = new Pace();
      while (next < events.length && !this.#mustStop() && this.failures.stopCause === null) {
        // An in-process engine may never yield to the event loop.
        if (next > 0 && pace.isDue()) await pace.turn();
        next = await this.#foldBatch(events, next);
      }
    }
    if (next < events.length) return;
    if (position > state.settled.position) state.moveTo({ position, positionId });
    this.failures.clear();
  }

  #mustStop(): boolean {
    const { isInterrupted, turns } = this.#d;
    return isInterrupted() || turns?.isOver === true;
  }

  /** Rows already folded are committed before the first retry. */
  async #foldBatch(events: readonly RecordedEvent[], from: number): Promise<number> {
    const span = this.#d.spans?.batch();
    let batch: BatchOutcome | undefined;
    try {
      batch = await foldBatch(this.state, events, from, this.#step);
      if (batch.folded > 0) this.failures.parkedInARow = 0;
      if (!this.failures.isEmpty) for (const { id } of events.slice(from, batch.next)) this.failures.end(id);
      if (batch.isCommitted) this.#d.onCommit(batch.folded);
    } catch (error) {
      if (span) markFailed(span, error);
      throw error;
    } finally {
      const { position: to } = this.state.settled;
      span?.addTags({ from: events[from]!.position, to, events: batch?.folded ?? 0 }).finish();
    }
    const { next, failure } = batch;
    return failure && (await this.#foldAgain(failure)) ? next + 1 : next;
  }

  /** Writes the checkpoint if unmapped events have moved it past the stored one. */
  async save(): Promise<void> {
    if (this.state.isAhead) await this.state.inBatch(() => true);
  }

  #foldInto(batch: Batch, event: PageEvent): EventOutcome | Promise<EventOutcome> {
    const mappings = this.#mapped.of(event.type);
    const unreadable = this.#unreadable?.[event.id];
    // An unreadable event has its stored type, which may be a former name of a mapped one.
    if (mappings.length === 0 && !unreadable) return passed;
    const waiting = this.state.parked.get(event.stream);
    if (waiting) return this.#wait(waiting, event);
    if (this.#skipped.has(event.id)) return passed;
    if (unreadable) return { error: unreadable };
    if (event.parts) return this.#mapped.foldParts(event.parts, batch);
    return this.#mapped.fold(mappings, freezeEvent(event), batch);
  }

  #wait(stream: ParkedStream, event: RecordedEvent): EventOutcome {
    const isGivenUp = this.#skipped.has(event.id);
    if (!isGivenUp) this.#d.onWait?.(event);
    const { waiting, givenUp = [] } = stream;
    const more = isGivenUp ? { givenUp: [...givenUp, event.id] } : { waiting: waiting + 1 };
    this.state.put(event.stream, { ...stream, ...more });
    return waits;
  }

  /** Retries an event with growing delays, then parks it. False if the fold was interrupted before either. */
  async #foldAgain({ event, error }: { event: RecordedEvent; error: unknown }): Promise<boolean> {
    const alone = () => this.#alone(event);
    const end = await tryAgain(this.failures, { event }, error, this.#d, alone, () => this.#probe());
    if (typeof end === "object") await this.#parkAlone(event, end.error, end.attempts);
    return end !== "interrupted";
  }

  /** Folds one event in a batch of its own, which is committed even if the event changes nothing. */
  async #alone(event: RecordedEvent): Promise<Tried> {
    const pass: BatchStep["pass"] = (one, did) => this.state.pass(one, did) || true;
    const { failure, folded } = await foldBatch(this.state, [event], 0, { ...this.#step, pass });
    if (failure) return failure;
    if (folded > 0) this.failures.parkedInARow = 0;
    this.#d.onCommit(folded);
    return {};
  }

  /** Whether a later event can be folded where this one seems to meet an outage. */
  #probe(): Promise<boolean> {
    const { isInterrupted } = this.#d;
    const passes = (event: RecordedEvent) => this.#isFoldable(event);
    return probe({
      failures: this.failures,
      candidates: (suspect) => this.#candidates(suspect),
      passes,
      isInterrupted,
    });
  }

  async *#candidates(suspect: Failure): AsyncGenerator<RecordedEvent> {
    const needed = this.#transformsOf(suspect.event);
    const events = eventsFrom(this.#page!, (after) => this.#d.source.page(after, eventsPerProbedPage));
    const isDone = ({ id }: RecordedEvent) => this.#skipped.has(id);
    for await (const event of firstOfOtherStreams(events, suspect, isDone))
      if (!this.state.parked.holds(event.stream) && needsAll(this.#transformsOf(event), needed)) yield event;
  }

  #transformsOf(event: RecordedEvent): Transform[] {
    return partsOf(event).flatMap(({ type }) => this.#mapped.of(type).map(({ transform }) => transform));
  }

  /** The changes are thrown away, so that the rows stay a function of the log's order. */
  async #isFoldable(event: RecordedEvent): Promise<boolean> {
    let isFolded = false;
    await this.state.inBatch(async (batch) => {
      isFolded = !("error" in (await this.#mapped.foldParts(partsOf(event), batch)));
      return false;
    });
    return isFolded;
  }

  async #parkAlone(event: RecordedEvent, error: unknown, attempts: number): Promise<void> {
    const parked = { ...parkedAs(event, { error, attempts }), waiting: 0 };
    await this.state.inBatch(() => {
      this.state.put(event.stream, parked);
      this.state.pass(event, "wait");
      return true;
    });
    // The next event may meet an outage: then the next page begins behind this one.
    this.#d.onCommit(0);
    this.failures.parkedInARow++;
    this.#d.warn(...parkedWarning(parked));
  }

  /** Gives these events up from now on. The events behind them no longer wait. @throws an outage's error */
  async skip(skipped: ReadonlySet<string>): Promise<void> {
    this.#skipped = skipped;
    this.failures.giveUp(skipped);
    await this.late.skip(skipped);
  }
}

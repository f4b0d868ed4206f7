import type { ParkedChoice } from "../../../core/consumer/consumer-control.ts";
import type { Mapping } from "../../../core/rows/mapping.ts";
import type { Fields } from "../../../core/rows/fields.ts";
import type { Batch, Generation, ParkedStream, Progress } from "../../../core/table/read-table.ts";
import { freezeEvent, type RecordedEvent } from "../../../core/event/recorded-event.ts";
import { tryAgain, type ErrorPolicy, type Interruption, type Tried } from "../../consumer/error-policy.ts";
import { parkedAs, parkedWarning } from "../../consumer/parked-streams.ts";
import { FoldedState } from "./folded-state.ts";
import { foldBatch, passed, waits, type FoldedBatch, type Outcome } from "./fold-batch.ts";
import { LateFold, type LateSource } from "./late-fold.ts";
import { Pace } from "../../../core/concurrency/pace.ts";
import { markFailed, type FoldSpans } from "../../observability/spans.ts";
import type { Unreadable } from "../../../core/catalogue/upcast.ts";
import { MappedTransforms } from "./mapped-transforms.ts";
import type { Transform, Transforms } from "./transform.ts";

interface Dependencies extends Interruption {
  generation: Generation;
  fields: Fields;
  mappings: readonly Mapping<Transform>[];
  transforms: Transforms;
  /** Where what waits in parked streams is read again. */
  source: LateSource;
  policy: ErrorPolicy;
  spans: FoldSpans | null;
  /** Whether somebody else is to have his turn. Left out: never. */
  isTimeUp?: () => boolean;
  /** So many events were folded, and are committed. */
  onCommit: (folded: number) => void;
  /** An event waits behind a parked one. */
  onWait?: (event: RecordedEvent) => void;
  warn: (message: string, details: object) => void;
}

/** Events in the order of the log, how far they reach, and which of them cannot be folded at all. */
interface FoldedPage extends Pick<Progress, "position" | "positionId" | "log"> {
  events: readonly RecordedEvent[];
  unreadable?: Readonly<Record<string, Unreadable>>;
}

/**
 * Folds events into one generation: rows, parked events and checkpoint of a batch in one commit. It knows no broker and
 * no log; events are handed to it in order.
 */
export class Fold {
  readonly #d: Dependencies;
  readonly #mapped: MappedTransforms;
  readonly #state: FoldedState;
  readonly #late: LateFold;
  #parkedInARow = 0;
  #skipped: ReadonlySet<string> = new Set();
  /** Of the page being folded: events that the store cannot bring to today's version. No retry here would change it. */
  #unreadable: Readonly<Record<string, Unreadable>> | undefined;

  private constructor(dependencies: Dependencies, state: FoldedState) {
    const { mappings, fields, transforms } = dependencies;
    this.#d = dependencies;
    this.#mapped = new MappedTransforms(mappings, fields, transforms);
    this.#state = state;
    this.#late = new LateFold({ ...dependencies, state, mapped: this.#mapped });
  }

  static async on(dependencies: Dependencies): Promise<Fold> {
    return new Fold(dependencies, await FoldedState.of(dependencies.generation));
  }

  /** Goes on from what is stored, which an error may have left in doubt. */
  reload(): Promise<void> {
    this.#late.forget();
    return this.#state.reload();
  }

  get progress(): Readonly<Progress> {
    return this.#state.settled;
  }

  get parked(): ParkedStream[] {
    return this.#state.parked.list();
  }

  /** The events that are set aside, those that wait included. */
  get parkedCount(): number {
    return this.#state.parked.count;
  }

  get isTooOftenParked(): boolean {
    return this.#parkedInARow >= this.#d.policy.maxParkedInARow;
  }

  /** Somebody had a look and wants to go on. */
  forgetParkedInARow(): void {
    this.#parkedInARow = 0;
  }

  /**
   * Folds events in the order of the log, up to `position`. Stops early, between two events, when interrupted or when
   * too many were parked. What was folded is committed in every case.
   * @throws an outage's error; the event that met it is not passed.
   */
  async foldPage({ events, position, positionId, log, unreadable }: FoldedPage): Promise<void> {
    this.#unreadable = unreadable;
    const state = this.#state;
    state.moveTo({ log });
    let next = 0;
    const pace = new Pace();
    while (next < events.length && !this.#mustStop()) {
      // An engine of this process answers without ever leaving the thread.
      if (pace.isDue()) await pace.turn();
      next = await this.#foldBatch(events, next);
    }
    if (next === events.length && position > state.progress.position) state.moveTo({ position, positionId });
    state.settle();
  }

  #mustStop(): boolean {
    return this.#d.isInterrupted() || this.isTooOftenParked || this.#d.isTimeUp?.() === true;
  }

  /** Rows already folded are committed before the first retry. */
  async #foldBatch(events: readonly RecordedEvent[], from: number): Promise<number> {
    const { next, failure } = await this.#inSpan(events, from);
    if (!failure) return next;
    const isPassed = await this.#foldAgain(failure);
    return isPassed ? next + 1 : next;
  }

  async #inSpan(events: readonly RecordedEvent[], from: number): Promise<FoldedBatch> {
    const parkedInARow = this.#parkedInARow;
    const span = this.#d.spans?.batch();
    let folded = 0;
    try {
      const batch = await foldBatch(this.#state, events, from, {
        fold: (changes, event) => this.#foldInto(changes, event),
        // Unmapped events are passed again after a crash.
        pass: (event, did) => {
          this.#pass(event, did === "fold");
          return did !== "pass";
        },
        mustStop: () => this.#mustStop(),
      });
      folded = batch.folded;
      if (batch.isCommitted) this.#d.onCommit(folded);
      return batch;
    } catch (error) {
      if (span) markFailed(span, error);
      this.#parkedInARow = parkedInARow;
      throw error;
    } finally {
      span?.addTags({ from: events[from]!.position, to: this.#state.progress.position, events: folded }).finish();
    }
  }

  #pass(event: RecordedEvent, isFolded: boolean): void {
    this.#state.pass(event, isFolded);
    if (isFolded) this.#parkedInARow = 0;
  }

  /** Writes the checkpoint where unmapped events have moved it ahead of the stored one. */
  async save(): Promise<void> {
    if (this.#state.isAhead) await this.#state.inBatch(() => true);
  }

  #foldInto(batch: Batch, event: RecordedEvent): Outcome | Promise<Outcome> {
    const mappings = this.#mapped.of(event.type);
    if (mappings.length === 0) return passed;
    const waiting = this.#state.parked.get(event.stream);
    if (waiting) return this.#wait(waiting, event);
    if (this.#skipped.has(event.id)) return passed;
    const unreadable = this.#unreadable?.[event.id];
    if (unreadable) return { error: unreadable };
    return this.#mapped.fold(mappings, freezeEvent(event), batch);
  }

  #wait(stream: ParkedStream, event: RecordedEvent): Outcome {
    const isGivenUp = this.#skipped.has(event.id);
    if (!isGivenUp) this.#d.onWait?.(event);
    const { waiting, givenUp = [] } = stream;
    const more = isGivenUp ? { givenUp: [...givenUp, event.id] } : { waiting: waiting + 1 };
    this.#state.put(event.stream, { ...stream, ...more });
    return waits;
  }

  /** Retries an event with growing waits, then parks it. False where the fold was interrupted before either. */
  async #foldAgain({ event, error }: { event: RecordedEvent; error: unknown }): Promise<boolean> {
    const end = await tryAgain(this.#d.policy, error, this.#d, () => this.#alone(event));
    if (typeof end === "object") await this.#parkAlone(event, end.error, end.attempts);
    return end !== "interrupted";
  }

  /** One event in a batch of its own. */
  async #alone(event: RecordedEvent): Promise<Tried> {
    const { failure, folded } = await foldBatch(this.#state, [event], 0, {
      fold: (changes) => this.#foldInto(changes, event),
      pass: (_, did) => {
        this.#pass(event, did === "fold");
        return true;
      },
      mustStop: () => true,
    });
    if (failure) return failure;
    this.#d.onCommit(folded);
    return {};
  }

  async #parkAlone(event: RecordedEvent, error: unknown, attempts: number): Promise<void> {
    const parked = { ...parkedAs(event, { error, attempts }), waiting: 0 };
    await this.#state.inBatch(() => {
      this.#state.put(event.stream, parked);
      this.#pass(event, false);
      return true;
    });
    this.#parkedInARow++;
    this.#d.warn(...parkedWarning(parked));
  }

  /** From now on these events are given up; what waited behind them waits no more. @throws an outage's error */
  async skip(skipped: ReadonlySet<string>): Promise<void> {
    this.#skipped = skipped;
    await this.#late.skip(skipped);
  }

  /** The parked events that were chosen are tried again when it goes on. @throws an outage's error */
  retry(choice: ParkedChoice): Promise<void> {
    return this.#late.choose(choice);
  }

  /** Whether parked streams are to go on. */
  get isGoingOn(): boolean {
    return this.#late.isGoingOn;
  }

  /** Folds for a moment what waits no more, each stream's events in their order; answers how many. @throws an outage's error */
  goOn(): Promise<number> {
    return this.#late.goOn();
  }
}

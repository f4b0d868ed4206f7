import type { Mapping } from "../../core/mapping.ts";
import type { Fields } from "../../core/fields.ts";
import type { Batch, Generation, ParkedEvent, Progress } from "../../core/read-table.ts";
import { freezeEvent, type RecordedEvent } from "../../core/recorded-event.ts";
import { tryAgain, type ErrorPolicy, type Interruption, type Tried } from "../consumer/error-policy.ts";
import { isOutage } from "../../core/outage.ts";
import { parkedAs, parkedWarning } from "../consumer/parked-events.ts";
import { FoldedState } from "./folded-state.ts";
import { Pace } from "../../core/pace.ts";
import { markFailed, type FoldSpans } from "../spans.ts";
import type { Unreadable } from "../../core/upcast.ts";
import { MappedTransforms, type Folded } from "./mapped-transforms.ts";
import type { Transform, Transforms } from "./transform.ts";

interface Dependencies extends Interruption {
  generation: Generation;
  fields: Fields;
  mappings: readonly Mapping<Transform>[];
  transforms: Transforms;
  policy: ErrorPolicy;
  spans: FoldSpans | null;
  /** Whether somebody else is to have his turn. Left out: never. */
  isTimeUp?: () => boolean;
  /** So many events were folded, and are committed. */
  onCommit: (folded: number) => void;
  warn: (message: string, details: object) => void;
}

/** Events in the order of the log, how far they reach, and which of them cannot be folded at all. */
interface FoldedPage extends Pick<Progress, "position" | "positionId" | "log"> {
  events: readonly RecordedEvent[];
  unreadable?: Readonly<Record<string, Unreadable>>;
}

/** A batch's transaction ends after so many events or so much time, whichever comes first. */
const maxEventsPerBatch = 500;
const maxBatchMs = 20;
/** On an engine that answers later others get their turn at each step: no reason for so many commits. */
const maxBatchMsAway = 200;

/** What happened to one event: folded, set aside behind a parked one, of a type that is not mapped, or failed. */
type Outcome = Folded | { did: "wait" | "pass" };

/**
 * Folds events into one generation: rows, parked events and checkpoint of a batch in one commit. It knows no broker and
 * no log; events are handed to it in order.
 */
export class Fold {
  readonly #d: Dependencies;
  readonly #mapped: MappedTransforms;
  readonly #state: FoldedState;
  #parkedInARow = 0;
  #skipped: ReadonlySet<string> = new Set();
  /** Of the page being folded: events that the store cannot bring to today's version. No retry here would change it. */
  #unreadable: Readonly<Record<string, Unreadable>> | undefined;

  private constructor(dependencies: Dependencies, state: FoldedState) {
    const { mappings, fields, transforms } = dependencies;
    this.#d = dependencies;
    this.#mapped = new MappedTransforms(mappings, fields, transforms);
    this.#state = state;
  }

  static async on(dependencies: Dependencies): Promise<Fold> {
    return new Fold(dependencies, await FoldedState.of(dependencies.generation));
  }

  /** Goes on from what is stored, which an error may have left in doubt. */
  renew(): Promise<void> {
    return this.#state.renew();
  }

  get progress(): Readonly<Progress> {
    return this.#state.settled;
  }

  get parked(): ParkedEvent[] {
    return this.#state.parked.list();
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

  async #foldBatch(events: readonly RecordedEvent[], from: number): Promise<number> {
    const parkedInARow = this.#parkedInARow;
    const span = this.#d.spans?.batch();
    const end = Math.min(events.length, from + maxEventsPerBatch);
    let next = from;
    let changed = false;
    let folded = 0;
    let failure: { event: RecordedEvent; error: unknown } | null = null;
    try {
      // Rows already folded are committed before the first retry; a batch that changed nothing needs no commit of its
      // own: unmapped events are passed again after a crash.
      await this.#state.inBatch(async (batch, isAway) => {
        const began = performance.now();
        let maxMs = isAway ? maxBatchMsAway : maxBatchMs;
        const isTimeLeft = () => performance.now() < began + maxMs;
        for (; next < end && !failure && (next === from || (!this.#mustStop() && isTimeLeft()));) {
          const event = events[next]!;
          const folding = this.#foldInto(batch, event);
          // Without a wait where there is nothing to wait for: it costs more than the fold itself.
          const outcome = folding instanceof Promise ? await folding : folding;
          if (folding === outcome && outcome !== passed) maxMs = maxBatchMs;
          if ("error" in outcome) {
            failure = { event, error: outcome.error };
          } else {
            changed ||= outcome.did !== "pass";
            this.#pass(event, outcome.did === "fold");
            if (outcome.did === "fold") folded++;
            next++;
          }
        }
        return changed;
      });
      if (changed) this.#d.onCommit(folded);
    } catch (error) {
      if (span) markFailed(span, error);
      this.#parkedInARow = parkedInARow;
      throw error;
    } finally {
      span?.addTags({ from: events[from]!.position, to: this.#state.progress.position, events: folded }).finish();
    }
    if (!failure) return next;
    const isPassed = await this.#foldAgain(failure);
    return isPassed ? next + 1 : next;
  }

  #pass(event: RecordedEvent, isFolded: boolean): void {
    this.#state.pass(event, isFolded);
    if (isFolded) this.#parkedInARow = 0;
  }

  /** Writes the checkpoint where unmapped events have moved it ahead of the stored one. */
  async save(): Promise<void> {
    if (this.#state.isAhead) await this.#state.inBatch(() => true);
  }

  #foldInto(batch: Batch, event: RecordedEvent, isRetry = false): Outcome | Promise<Outcome> {
    const mappings = this.#mapped.of(event.type);
    if (mappings.length === 0 || this.#skipped.has(event.id)) return passed;
    if (!isRetry && this.#state.parked.holds(event.stream))
      return this.#state.park(batch, parkedAs(event, null)).then(() => waits);
    const unreadable = isRetry ? undefined : this.#unreadable?.[event.id];
    if (unreadable) return { error: unreadable };
    return this.#mapped.fold(mappings, freezeEvent(event), batch);
  }

  /** Retries an event with growing waits, then parks it. False where the fold was interrupted before either. */
  async #foldAgain({ event, error }: { event: RecordedEvent; error: unknown }): Promise<boolean> {
    const end = await tryAgain(this.#d.policy, error, this.#d, () => this.#alone(event, false));
    if (typeof end === "object") await this.#parkAlone(event, end.error, end.attempts);
    return end !== "interrupted";
  }

  /** One event in a batch of its own. A late one (`isRetry`) leaves the checkpoint where it is. */
  async #alone(event: RecordedEvent, isRetry: boolean): Promise<Tried> {
    let outcome: Outcome = passed;
    await this.#state.inBatch(async (batch) => {
      outcome = await this.#foldInto(batch, event, isRetry);
      if ("error" in outcome) return false;
      if (isRetry) {
        await batch.unpark(event.id);
        this.#state.passLate(event);
      } else this.#pass(event, outcome.did === "fold");
      return true;
    });
    if ("error" in outcome) return outcome;
    this.#d.onCommit(outcome.did === "fold" ? 1 : 0);
    if (isRetry) this.#state.unparked(event.id);
    return {};
  }

  async #parkAlone(event: RecordedEvent, error: unknown, attempts: number): Promise<void> {
    const parked = parkedAs(event, { error, attempts });
    await this.#state.inBatch(async (batch) => {
      await this.#state.park(batch, parked);
      this.#pass(event, false);
      return true;
    });
    this.#parkedInARow++;
    this.#d.warn(...parkedWarning(parked));
  }

  /**
   * Folds a stream's parked events late, in their order, until one fails again; answers how many were folded.
   * @throws an outage's error
   */
  async retry(parked: readonly ParkedEvent[], read: (id: string) => Promise<RecordedEvent>): Promise<number> {
    let folded = 0;
    const pace = new Pace();
    for (const event of parked) {
      if (pace.isDue()) await pace.turn();
      const tried = await this.#retryOne(event.id, read);
      if ("error" in tried) {
        if (isOutage(tried.error)) throw tried.error;
        await this.#failAgain(event, tried.error);
        return folded;
      }
      folded++;
    }
    return folded;
  }

  async #retryOne(id: string, read: (id: string) => Promise<RecordedEvent>): Promise<Tried> {
    let event: RecordedEvent;
    try {
      event = freezeEvent(await read(id));
    } catch (error) {
      return { error };
    }
    return this.#alone(event, true);
  }

  async #failAgain(event: ParkedEvent, error: unknown): Promise<void> {
    await this.#state.inBatch(async (batch) => {
      await this.#state.park(batch, parkedAs(event, { error, attempts: event.attempts + 1 }));
      return true;
    });
  }

  /** From now on these events are given up; those among them that were parked no longer are. */
  async skip(skipped: ReadonlySet<string>): Promise<void> {
    this.#skipped = skipped;
    const given = [...skipped].filter((id) => this.#state.parked.get(id) !== undefined);
    if (given.length === 0) return;
    await this.#state.inBatch(async (batch) => {
      for (const id of given) await batch.unpark(id);
      return true;
    });
    await this.#state.readParked();
  }
}

const passed: Outcome = { did: "pass" };
const waits: Outcome = { did: "wait" };

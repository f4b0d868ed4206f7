import { inspect } from "node:util";
import { changesOf, type AppliedMapping, type Mapping } from "../core/mapping.ts";
import { isOutage } from "../core/outage.ts";
import type { Fields } from "../core/fields.ts";
import type { Batch, Generation, ParkedEvent, Progress } from "../core/read-table.ts";
import { freezeEvent, type RecordedEvent } from "../core/recorded-event.ts";
import { typeMatcher } from "../core/type-pattern.ts";
import type { Unreadable } from "../core/upcast.ts";
import type { Transform, Transforms } from "./transform.ts";

export interface ErrorPolicy {
  /** How often an event that failed is tried again before it is parked. Default 3. */
  retries: number;
  /** The wait before the first retry, in milliseconds; each further wait is twice as long, up to 100 times. Default 50. */
  delayMs: number;
  /** So many events parked one after another stop the aggregate: the fault is likely in the transform. Default 20. */
  maxParkedInARow: number;
}

interface Dependencies {
  generation: Generation;
  fields: Fields;
  mappings: readonly Mapping<Transform>[];
  transforms: Transforms;
  policy: ErrorPolicy;
  /** Ends early when the fold is to stop. */
  sleep: (ms: number) => Promise<void>;
  isInterrupted: () => boolean;
  onCommit: () => void;
  warn: (message: string, details: object) => void;
}

/** How far a page of the log reaches, and which of its events cannot be folded at all. */
interface Page extends Pick<Progress, "position" | "positionId" | "log"> {
  unreadable?: Readonly<Record<string, Unreadable>>;
}

/** A batch's transaction ends after so many events or so much time, whichever comes first. */
const maxEventsPerBatch = 500;
const maxBatchMs = 20;

/** What happened to one event: folded, set aside behind a parked one, of a type that is not mapped, or failed. */
type Outcome = { did: "fold" | "wait" | "pass" } | { error: unknown };

/**
 * Folds events into one generation: rows, parked events and checkpoint of a batch in one commit. It knows no broker and
 * no log; events are handed to it in order.
 */
export class Fold {
  readonly #d: Dependencies;
  readonly #byType = new Map<string, AppliedMapping<Transform>[]>();
  #progress: Progress;
  /** What others may know: `#progress` without the batch that is not committed yet. */
  #settled: Progress;
  /** Ahead of the stored checkpoint by events that are not mapped, never by others. */
  #stored: number;
  #parked: Map<string, ParkedEvent>;
  #parkedStreams: Set<string>;
  #parkedInARow = 0;
  /** Of the page being folded: events that the store cannot bring to today's version. No retry here would change it. */
  #unreadable: Readonly<Record<string, Unreadable>> = {};

  private constructor(dependencies: Dependencies, progress: Progress, parked: readonly ParkedEvent[]) {
    this.#d = dependencies;
    this.#progress = this.#settled = progress;
    this.#stored = progress.position;
    this.#parked = new Map(parked.map((event) => [event.id, event]));
    this.#parkedStreams = streamsOf(parked);
  }

  static async on(dependencies: Dependencies): Promise<Fold> {
    const { generation } = dependencies;
    return new Fold(dependencies, await generation.progress(), await generation.parked());
  }

  get progress(): Readonly<Progress> {
    return this.#settled;
  }

  get parked(): ParkedEvent[] {
    return [...this.#parked.values()].toSorted((a, b) => a.position - b.position);
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
  async foldPage(
    events: readonly RecordedEvent[],
    { position, positionId, log, unreadable = {} }: Page,
  ): Promise<void> {
    this.#unreadable = unreadable;
    this.#progress = { ...this.#progress, log };
    let next = 0;
    while (next < events.length && !this.#mustStop()) next = await this.#foldBatch(events, next);
    if (next === events.length && position > this.#progress.position)
      this.#progress = { ...this.#progress, position, positionId };
    this.#settled = this.#progress;
  }

  #mustStop(): boolean {
    return this.#d.isInterrupted() || this.isTooOftenParked;
  }

  async #foldBatch(events: readonly RecordedEvent[], from: number): Promise<number> {
    const before = this.#progress;
    const batch = await this.#d.generation.begin();
    const end = Math.min(events.length, from + maxEventsPerBatch);
    const deadline = performance.now() + maxBatchMs;
    let next = from;
    let changed = false;
    let failure: { event: RecordedEvent; error: unknown } | null = null;
    try {
      for (; next < end && !failure && (next === from || (!this.#mustStop() && performance.now() < deadline));) {
        const event = events[next]!;
        const outcome = await this.#foldInto(batch, event);
        if ("error" in outcome) {
          failure = { event, error: outcome.error };
        } else {
          changed ||= outcome.did !== "pass";
          this.#pass(event, outcome.did === "fold");
          next++;
        }
      }
      // Rows already folded are committed before the first retry.
      await this.#commit(batch, changed);
    } catch (error) {
      await batch.rollback();
      this.#progress = before;
      await this.#readParked();
      throw error;
    }
    if (!failure) return next;
    const isPassed = await this.#foldAgain(failure.event, failure.error);
    return isPassed ? next + 1 : next;
  }

  #pass({ id, position }: RecordedEvent, folded: boolean): void {
    this.#progress = { ...this.#progress, position, positionId: id, ...(folded && { folded: position }) };
    if (folded) this.#parkedInARow = 0;
  }

  /** A batch that changed nothing needs no commit of its own: unmapped events are passed again after a crash. */
  async #commit(batch: Batch, changed: boolean): Promise<void> {
    if (!changed) await batch.rollback();
    else await batch.commit(this.#progress);
    this.#settled = this.#progress;
    if (!changed) return;
    this.#stored = this.#progress.position;
    this.#d.onCommit();
  }

  /** Writes the checkpoint where unmapped events have moved it ahead of the stored one. */
  async save(): Promise<void> {
    if (this.#progress.position === this.#stored) return;
    await this.#inBatch(() => {});
  }

  /** Commits what `work` does to parked events and checkpoint, or nothing. Rows stay as they are. */
  async #inBatch(work: (batch: Batch) => void | Promise<void>): Promise<void> {
    const before = this.#progress;
    const batch = await this.#d.generation.begin();
    try {
      await work(batch);
      await batch.commit(this.#progress);
    } catch (error) {
      await batch.rollback();
      this.#progress = before;
      await this.#readParked();
      throw error;
    }
    this.#settled = this.#progress;
    this.#stored = this.#progress.position;
  }

  async #foldInto(batch: Batch, event: RecordedEvent, isRetry = false): Promise<Outcome> {
    const mappings = this.#mappingsOf(event.type);
    if (mappings.length === 0) return { did: "pass" };
    if (!isRetry && this.#parkedStreams.has(event.stream)) {
      await this.#park(batch, event, null);
      return { did: "wait" };
    }
    const unreadable = isRetry ? undefined : this.#unreadable[event.id];
    if (unreadable) return { error: unreadable };
    freezeEvent(event);
    if (mappings.length > 1) await batch.mark();
    try {
      for (const mapping of mappings) {
        const answer = await this.#d.transforms.run(mapping.transform, event, batch.rows);
        const applied = batch.apply(changesOf(mapping, this.#d.fields, event, answer));
        if (applied) await applied;
      }
      return { did: "fold" };
    } catch (error) {
      if (mappings.length > 1) await batch.undo();
      return { error };
    }
  }

  /** Retries an event with growing waits, then parks it. False where the fold was interrupted before either. */
  async #foldAgain(event: RecordedEvent, firstError: unknown): Promise<boolean> {
    const { delayMs } = this.#d.policy;
    const retries = event.id in this.#unreadable ? 0 : this.#d.policy.retries;
    let error = firstError;
    for (let attempt = 1; !isOutage(error) && attempt <= retries; attempt++) {
      await this.#d.sleep(Math.min(delayMs * 2 ** (attempt - 1), delayMs * 100));
      if (this.#d.isInterrupted()) return false;
      const outcome = await this.#alone(event, false);
      if (!("error" in outcome)) return true;
      error = outcome.error;
    }
    if (isOutage(error)) throw error;
    // A stop may itself have made the transform fail; a fresh start tries again.
    if (this.#d.isInterrupted()) return false;
    await this.#parkAlone(event, error, retries + 1);
    return true;
  }

  /** One event in a batch of its own. A late one (`isRetry`) leaves the checkpoint where it is. */
  async #alone(event: RecordedEvent, isRetry: boolean): Promise<Outcome> {
    const batch = await this.#d.generation.begin();
    const before = this.#progress;
    try {
      const outcome = await this.#foldInto(batch, event, isRetry);
      if ("error" in outcome) {
        await batch.rollback();
        return outcome;
      }
      if (isRetry) {
        await batch.unpark(event.id);
        this.#progress =
          before.folded > event.position ? { ...before, reordered: true } : { ...before, folded: event.position };
      } else this.#pass(event, outcome.did === "fold");
      await this.#commit(batch, true);
      if (isRetry) await this.#readParked();
      return outcome;
    } catch (error) {
      await batch.rollback();
      this.#progress = before;
      throw error;
    }
  }

  async #parkAlone(event: RecordedEvent, error: unknown, attempts: number): Promise<void> {
    await this.#inBatch(async (batch) => {
      await this.#park(batch, event, { error, attempts });
      this.#pass(event, false);
    });
    this.#parkedInARow++;
    const { id, type, stream, position } = event;
    this.#d.warn(`An event is parked; later events of its stream wait behind it`, {
      id,
      type,
      stream,
      position,
      attempts,
      error: asParkedError(error).message,
    });
  }

  /** Without a failure of its own, an event waits behind the one that has failed. */
  async #park(
    batch: Batch,
    event: ParkedEvent | RecordedEvent,
    failure: { error: unknown; attempts: number } | null,
  ): Promise<void> {
    const { id, type, stream, version, position } = event;
    const parked = {
      id,
      type,
      stream,
      version,
      position,
      error: failure && asParkedError(failure.error),
      attempts: failure?.attempts ?? 0,
      time: new Date().toISOString(),
    };
    await batch.park(parked);
    this.#parked.set(id, parked);
    this.#parkedStreams.add(stream);
  }

  /**
   * Folds a parked stream's events late, in their order, until one fails again.
   * @throws an outage's error
   */
  async retry(events: readonly RecordedEvent[]): Promise<{ folded: number; failed: RecordedEvent | null }> {
    let folded = 0;
    for (const event of events) {
      freezeEvent(event);
      const outcome = await this.#alone(event, true);
      if ("error" in outcome) {
        if (isOutage(outcome.error)) throw outcome.error;
        await this.failAgain(event, outcome.error);
        return { folded, failed: event };
      }
      folded++;
    }
    return { folded, failed: null };
  }

  /** A retry got no further than this: the event stays parked, with one attempt more. */
  async failAgain(event: ParkedEvent | RecordedEvent, error: unknown): Promise<void> {
    await this.#inBatch((batch) =>
      this.#park(batch, event, { error, attempts: (this.#parked.get(event.id)?.attempts ?? 0) + 1 }),
    );
  }

  /** Gives a parked event up. */
  async skip(event: ParkedEvent): Promise<void> {
    await this.#inBatch((batch) => batch.unpark(event.id));
    await this.#readParked();
  }

  async #readParked(): Promise<void> {
    const parked = await this.#d.generation.parked();
    this.#parked = new Map(parked.map((event) => [event.id, event]));
    this.#parkedStreams = streamsOf(parked);
  }

  #mappingsOf(type: string): AppliedMapping<Transform>[] {
    let applied = this.#byType.get(type);
    if (!applied) {
      applied = this.#d.mappings
        .filter(({ pattern }) => typeMatcher([pattern])(type))
        .map((mapping, index) => ({ ...mapping, ordinal: index + 1 }));
      this.#byType.set(type, applied);
    }
    return applied;
  }
}

const streamsOf = (parked: readonly ParkedEvent[]) => new Set(parked.map(({ stream }) => stream));

function asParkedError(error: unknown): NonNullable<ParkedEvent["error"]> {
  if (error === null || typeof error !== "object")
    return { name: "Error", message: typeof error === "string" ? error : inspect(error) };
  const { name, message, type, code } = error as Record<string, unknown>;
  return {
    name: typeof name === "string" ? name : "Error",
    // Whatever was thrown, it must not keep its event from being parked.
    message: typeof message === "string" ? message : inspect(error).slice(0, 1000),
    ...(typeof type === "string" && { type }),
    ...((typeof code === "number" || typeof code === "string") && { code }),
  };
}

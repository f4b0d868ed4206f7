import { lastRetry, type ConsumerControl, type ParkedChoice } from "../../core/consumer/consumer-control.ts";
import { isParkedAsNewer } from "../../core/catalogue/newer-event.ts";
import type { ParkedEvent } from "../../core/table/read-table.ts";
import { ValidationError } from "../../core/errors/errors.ts";
import type { Debug } from "../../core/text/state-log.ts";
import { Waiters, type Outcome } from "./waiters.ts";

/** The commands for parked events that a consumer's work implements. */
export interface ControlledWork {
  readonly parkedCount: number;
  /** The first event of each parked stream or process; its error is null if it waits for its turn. */
  parkedStreams(): Iterable<ParkedEvent>;
  /** Gives these events up from now on. The events behind them no longer wait. */
  skip(skipped: ReadonlySet<string>): Promise<void>;
  /** These events are retried at the next `goOn`. */
  retry(choice: ParkedChoice): Promise<void>;
  /** Whether there are parked events to handle now. */
  readonly isGoingOn: boolean;
  /** Handles parked events for one time slice; returns how many events were done. */
  goOn(): Promise<number>;
}

/** A host's acknowledgement that it has applied the control state. */
export interface ControlAck {
  /** This host does the work, alone or along with other hosts. */
  works: boolean;
  folded: number;
  parked: number;
}

/** After this many reads of the control state, a revision that is still missing is rejected as nonexistent. */
const maxChecks = 5;

interface WantedRevision {
  revision: number;
  /** The caller also waits until the parked events that are due have been handled. */
  isPatient: boolean;
  checks: number;
}

/** Applies the control state to the work of one host: each revision once and as a whole, parked events in slices. */
export class ControlSync {
  readonly waiters = new Waiters<WantedRevision, ControlAck>("control state");
  readonly #name: string;
  readonly #work: ControlledWork;
  readonly #debug: Debug;
  /** More parked events can be handled at once. */
  hasMore = false;
  #isApplied = false;
  /** This host has begun to do the work: an older release may have parked what this one can read. */
  #isNew = true;
  #retried = 0;
  #outcome: { folded: number } | { error: unknown } = { folded: 0 };

  constructor({ name, work, debug }: { name: string; work: ControlledWork; debug: Debug }) {
    this.#name = name;
    this.#work = work;
    this.#debug = debug;
  }

  /**
   * Skips are applied again: the work has reloaded its state, or an error may have lost them. `isNew`: another host may
   * have done the work before.
   */
  forget(isNew = false): void {
    this.#isApplied = false;
    this.#isNew ||= isNew;
  }

  /**
   * Takes over a revision newer than `known`, or one that another node applies. Returns whether the consumer was
   * resumed since `known`.
   */
  note(control: ConsumerControl, known: ConsumerControl | null, isWorking: boolean): boolean {
    this.#isApplied = false;
    const { revision, paused, skipped, retries } = control;
    if (revision !== known?.revision)
      this.#debug(`${this.#name} control: revision ${known?.revision ?? "unknown"} -> ${revision}`, {
        paused,
        skipped: Object.keys(skipped).length,
        retries: retries.length,
        isWorking,
      });
    // A request from before this start, or from a time when another node did the work, must not be applied twice.
    if (!known || !isWorking) this.#retried = lastRetry(control);
    return known !== null && control.resumed > known.resumed;
  }

  /** Applies what is due, and resolves the callers that wait for it. Returns a promise only if something is due. */
  apply(control: ConsumerControl, mayApply: boolean, isWorking: boolean): void | Promise<void> {
    if (mayApply && (!this.#isApplied || this.hasMore || this.#work.isGoingOn)) return this.#applyDue(control);
    // If a pause has ended a retry, its caller gets the count of the events that were done before.
    if (!this.hasMore) this.#outcome = { folded: 0 };
    this.hasMore = false;
    if (this.waiters.size > 0) this.#acknowledge(control.revision, isWorking);
  }

  /** An error rejects the callers that requested the change; the work itself continues. */
  async #applyDue({ revision, skipped, retries }: ConsumerControl): Promise<void> {
    const work = this.#work;
    const before = this.hasMore && "folded" in this.#outcome ? this.#outcome.folded : 0;
    this.hasMore = false;
    try {
      if (!this.#isApplied) await this.#applyRevision(skipped, retries);
      this.#outcome = { folded: before + (work.isGoingOn ? await work.goOn() : 0) };
      this.hasMore = work.isGoingOn;
    } catch (error) {
      this.#isApplied = false;
      this.#outcome = { error };
      this.#debug(`${this.#name} control: applying revision ${revision} -> failed`, { error: String(error) });
    }
    if (this.waiters.size > 0) this.#acknowledge(revision, true);
  }

  async #applyRevision(skipped: ConsumerControl["skipped"], retries: ConsumerControl["retries"]): Promise<void> {
    await this.#work.skip(new Set(Object.keys(skipped)));
    for (const request of retries.filter(({ number }) => number > this.#retried)) {
      this.#retried = request.number;
      await this.#work.retry(request);
    }
    if (this.#isNew) await this.#retryNewer();
    this.#isApplied = true;
  }

  /** If this release is too old as well, the events stay parked. */
  async #retryNewer(): Promise<void> {
    for (const { id, error } of this.#work.parkedStreams()) if (isParkedAsNewer(error)) await this.#work.retry({ id });
    this.#isNew = false;
  }

  start(): void {
    this.hasMore = this.#isApplied = false;
    this.#isNew = true;
  }

  /** Call only while nothing is in flight: resolves the callers that wait for a revision up to this one. */
  #acknowledge(revision: number, works: boolean): void {
    const outcome = this.#outcome;
    const acknowledged: Outcome<ControlAck> =
      "error" in outcome ? outcome : { answer: { works, folded: outcome.folded, parked: this.#work.parkedCount } };
    this.waiters.settle((wanted) => {
      if (wanted.revision <= revision) return wanted.isPatient && this.hasMore ? null : acknowledged;
      if (++wanted.checks < maxChecks) return null;
      const expected = `a revision up to ${revision}`;
      return { error: new ValidationError([{ field: "revision", found: wanted.revision, expected }]) };
    });
  }
}

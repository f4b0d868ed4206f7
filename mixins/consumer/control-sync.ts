import { lastRetry, type ConsumerControl, type ParkedChoice } from "../../core/consumer/consumer-control.ts";
import { ValidationError } from "../../core/errors/errors.ts";
import type { Debug } from "../../core/text/state-log.ts";
import { Waiters, type Outcome } from "./waiters.ts";

/** What a consumer's work can be told to do with its parked events. */
export interface ControlledWork {
  /** The events that are parked. */
  readonly parkedCount: number;
  /** From now on these events are given up, and what waited behind them waits no more. */
  skip(skipped: ReadonlySet<string>): Promise<void>;
  /** These events are tried again when it goes on. */
  retry(choice: ParkedChoice): Promise<void>;
  /** Whether parked events are to be handled now. */
  readonly isGoingOn: boolean;
  /** Handles them for a moment; answers how many events were done. */
  goOn(): Promise<number>;
}

/** How a host has applied the control state. */
export interface ControlAck {
  /** This host does the work, or does it as well. */
  works: boolean;
  folded: number;
  parked: number;
}

/** Control state is read this often before a revision that it does not have is taken for one that never was. */
const maxChecks = 5;

interface WantedRevision {
  revision: number;
  /** It waits until the parked events that are to be handled have been. */
  isPatient: boolean;
  checks: number;
}

/** Applies the control state to one host's work: all of it once for each revision, a slice of parked events at a time. */
export class ControlSync {
  readonly waiters = new Waiters<WantedRevision, ControlAck>("control state");
  readonly #name: string;
  readonly #work: ControlledWork;
  readonly #debug: Debug;
  /** There is more to do at once of what was parked. */
  hasMore = false;
  #isApplied = false;
  #retried = 0;
  #outcome: { folded: number } | { error: unknown } = { folded: 0 };

  constructor({ name, work, debug }: { name: string; work: ControlledWork; debug: Debug }) {
    this.#name = name;
    this.#work = work;
    this.#debug = debug;
  }

  /** Skips are applied once more: the work has read its state anew, or an error may have lost them. */
  forget(): void {
    this.#isApplied = false;
  }

  /** A revision after `known`, or one that another node applies. Returns whether the consumer was resumed since. */
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
    // A request from before this start, or from while another node worked, is not applied twice.
    if (!known || !isWorking) this.#retried = lastRetry(control);
    return known !== null && control.resumed > known.resumed;
  }

  /** Applies what is to be applied now, and answers the callers that wait for it. A promise only if there is something. */
  follow(control: ConsumerControl, mayApply: boolean, isWorking: boolean): void | Promise<void> {
    if (mayApply && (!this.#isApplied || this.hasMore || this.#work.isGoingOn)) return this.#apply(control);
    // A caller of a retry that a pause has ended is answered with what was done until then.
    if (!this.hasMore) this.#outcome = { folded: 0 };
    this.hasMore = false;
    if (this.waiters.size > 0) this.#acknowledge(control.revision, isWorking);
  }

  /** An error goes to the callers that asked for it: the work itself goes on. */
  async #apply({ revision, skipped, retries }: ConsumerControl): Promise<void> {
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
    this.#isApplied = true;
  }

  /** A new start. */
  start(): void {
    this.hasMore = this.#isApplied = false;
  }

  /** Nothing is in flight, and all is done up to this revision. */
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

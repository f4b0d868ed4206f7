import { asParkedError } from "../../core/event/parked-error.ts";
import { OnErrorFailedError } from "../../core/errors/consumer-errors.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { described, safeText } from "../../core/errors/problem.ts";
import { isCertainOutage, isOutage } from "../../core/errors/outage.ts";
import { defaultDecision, isDecision, type ErrorDecision, type ErrorPolicy } from "./error-policy.ts";
import { isWitnessed, shownFailure, type Failed, type FailingEvent, type Failure } from "./failure.ts";
import { parkedCause } from "./worker-state.ts";

/** In a long outage, later events are probed after this many attempts. */
const mostAttemptsPerProbe = 30;

/** What follows the last failure of an event. */
interface Consequence {
  decision: ErrorDecision;
  attempts: number;
  delayMs: number;
}

/** The failures of one consumer: how often which event has failed, what follows, and whether they stop the consumer. */
export class Failures {
  /** How many events were parked in a row. */
  parkedInARow = 0;
  /** Of a process manager: how many events in a row could not be correlated. */
  lostInARow = 0;
  readonly #name: string;
  readonly #policy: ErrorPolicy;
  readonly #byId = new Map<string, Failure>();
  #lastParked = { id: "", message: "unknown" };
  #stoppedBy: string | null = null;

  constructor(name: string, policy: ErrorPolicy) {
    this.#name = name;
    this.#policy = policy;
  }

  get isEmpty(): boolean {
    return this.#byId.size === 0;
  }

  /** The first one in the log, before those that are set aside. @param outageEndsAt when the wait for an outage ends */
  first(outageEndsAt: number | null = null): FailingEvent | null {
    const [first] = this.#inOrder;
    return first ? shownFailure(first, first.nextTryAt ?? (this.#stoppedBy === null ? outageEndsAt : null)) : null;
  }

  get ids(): string[] {
    return [...this.#byId.keys()];
  }

  get isTooOftenParked(): boolean {
    return Math.max(this.parkedInARow, this.lostInARow) >= this.#policy.maxParkedInARow;
  }

  /** Why an operator has to act before the next event is handled; null if none has to. */
  get stopCause(): string | null {
    if (this.#stoppedBy !== null) return `${this.#stoppedBy}. "resume" tries it again, "skip" before that gives it up`;
    return this.isTooOftenParked ? parkedCause(this.#policy.maxParkedInARow, this.#lastParked.message) : null;
  }

  /** The same for a fold beside the table, which no operator can resume. */
  get foldEndCause(): string | null {
    const { id, message } = this.#lastParked;
    if (this.#stoppedBy !== null || !this.isTooOftenParked) return this.#stoppedBy;
    return `${this.#policy.maxParkedInARow} events in a row cannot be folded; the last: ${id}: ${message}`;
  }

  /** Counts a failure, and decides what follows. */
  note(failed: Failed, error: unknown): Consequence {
    const { id } = failed.event;
    const before = this.#byId.get(id);
    const failure: Failure = before ?? { ...failed, ...this.#none, error };
    if (!before) this.#byId.set(id, failure);
    Object.assign(failure, failed, { attempts: failure.attempts + 1, error, nextTryAt: null, isSetAside: false });
    const { decide, delayMs } = this.#policy;
    failure.isAwaited = !decide && isOutage(error) && (!failure.isOwn || isCertainOutage(error));
    if (!failure.isAwaited) failure.counted++;
    const { attempts, counted, isAwaited } = failure;
    const decision = decide
      ? this.#decided(decide, failure)
      : isAwaited
        ? "wait"
        : defaultDecision(this.#policy, error, counted);
    return { decision, attempts, delayMs: Math.min(delayMs * 2 ** (counted - 1), delayMs * 100) };
  }

  /** Counts a failure that no retry would change. A `retry` that the author wants comes with the next page. */
  noteLost(failed: Failed, error: unknown): Exclude<ErrorDecision, "retry"> {
    const { decision } = this.note(failed, error);
    if (this.#policy.decide) return decision === "retry" ? "wait" : decision;
    return this.#policy.park ? "park" : "stop";
  }

  #decided(decide: NonNullable<ErrorPolicy["decide"]>, failure: Failure): ErrorDecision {
    const { event, attempts, error } = failure;
    const found = answerOf(() => decide(error, { event, attempts }));
    if (isDecision(found)) return found;
    // Of the four, only a stop neither handles an event out of order nor needs an operator who looks for parked ones.
    failure.error = new OnErrorFailedError(`${this.#name}.onError`, found, asParkedError(error).message);
    return "stop";
  }

  /**
   * The failing events for which later events are probed now, in the order of the log. Each has been retried as often as
   * any other event, and may itself be the cause of what looks like an outage.
   */
  get suspects(): Failure[] {
    const isSuspect = ({ error }: Failure) => !isCertainOutage(error);
    const isDue = (failure: Failure) => failure.attempts >= failure.probeAfter || this.#isOverWitnessed(failure);
    return this.awaited.filter((failure) => isSuspect(failure) && isDue(failure));
  }

  #isOverWitnessed(failure: Failure): boolean {
    return failure.attempts > this.#policy.retries && isWitnessed(failure);
  }

  /** The events that wait for the end of what looks like an outage. */
  get awaited(): Failure[] {
    return this.#inOrder.filter(({ isAwaited, isSetAside }) => isAwaited && !isSetAside);
  }

  /** A later event has passed the suspect's handler: if the suspect fails once more, it is parked. */
  confirm(suspect: Failure): void {
    suspect.isOwn = true;
    suspect.counted = suspect.attempts;
  }

  /** No later event has passed: an outage. What is down must not be called five times with each attempt. */
  acquit(suspect: Failure): void {
    suspect.probeAfter = suspect.attempts + Math.min(suspect.attempts, mostAttemptsPerProbe);
  }

  get #inOrder(): Failure[] {
    const order = (a: Failure, b: Failure) =>
      Number(a.isSetAside) - Number(b.isSetAside) || a.event.position - b.event.position;
    return [...this.#byId.values()].toSorted(order);
  }

  get #none() {
    const counts = { attempts: 0, counted: 0, probedInVain: 0, witnessedAfter: -1 };
    const { retries } = this.#policy;
    return { ...counts, probeAfter: retries + 1, nextTryAt: null, isAwaited: false, isOwn: false, isSetAside: false };
  }

  /** The next attempt begins after this time. */
  delay({ id }: RecordedEvent, ms: number): void {
    const failure = this.#byId.get(id);
    if (failure) failure.nextTryAt = Date.now() + ms;
  }

  /** The consumer stops before the event. */
  stopAt({ id, type, stream, position }: RecordedEvent): undefined {
    const failure = this.#byId.get(id);
    const { message } = asParkedError(failure?.error);
    this.#stoppedBy = `${type} ${id} at position ${position} of ${stream} has failed ${failure?.attempts} times: ${message}`;
  }

  /** Another node may have passed the events up to this position. */
  endUpTo(position: number): void {
    for (const { event } of this.#byId.values()) if (event.position <= position) this.end(event.id);
  }

  /** The event is done, parked, or given up. */
  end(id: string): void {
    this.#byId.delete(id);
  }

  /** Returns whether there was one. */
  giveUp(skipped: ReadonlySet<string>): boolean {
    const given = this.ids.filter((id) => skipped.has(id));
    for (const id of given) this.end(id);
    return given.length > 0;
  }

  /** Only this process waits. Returns its failing event. */
  setAside(process: string, until: number): FailingEvent | null {
    const failure = [...this.#byId.values()].find((one) => one.process === process);
    if (failure) Object.assign(failure, { nextTryAt: until, isSetAside: true });
    return failure ? shownFailure(failure, until) : null;
  }

  /** Every event of a page is done; those that are set aside still fail. */
  endPage(): void {
    for (const [id, { isSetAside }] of this.#byId) if (!isSetAside) this.end(id);
  }

  /** Nothing fails any more: every event of a page is done, or another node may have handled it. */
  clear(): void {
    this.#byId.clear();
  }

  /** An event that has failed is parked now. */
  park(id: string, error: unknown): void {
    this.end(id);
    this.#lastParked = { id, message: asParkedError(error).message };
  }

  /** An operator has resumed the consumer, so nothing counts as failed before. */
  forget(): void {
    this.clear();
    this.parkedInARow = this.lostInARow = 0;
    this.#stoppedBy = null;
  }
}

function answerOf(decide: () => unknown): unknown {
  try {
    return decide();
  } catch (error) {
    return described(`${safeText(error)}, which it threw`);
  }
}

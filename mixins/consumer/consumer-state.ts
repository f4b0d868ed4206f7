import { isOutage } from "../../core/errors/outage.ts";
import { times } from "../../core/concurrency/times.ts";

/**
 * `standby`: another node does the work. `waiting`: something outside does not answer. `stopped`: somebody has to look.
 * All three with a cause.
 */
export type ConsumerState = "starting" | "folding" | "live" | "waiting" | "paused" | "stopped" | "standby";

interface Dependencies {
  name: string;
  /** Why nothing can be done, whoever resumes it; null where it can. */
  blockedBy: () => string | null;
  isPaused: () => boolean;
  /** The lease that this node waits for, in words; null where it waits for none. */
  standsByFor: () => string | null;
  warn: (message: string, details: object) => void;
}

/** How a consumer is, and why: what its status says. */
export class ConsumerStatus {
  readonly #d: Dependencies;
  #hasStarted = false;
  #startedAt = 0;
  #isWorking = true;
  #isCaughtUp = false;
  #hasCaughtUp = false;
  #isLogKnown = false;
  #hasReachedStore = false;
  #waitingFor: string | null = null;
  /** The cause that a warning was given of. */
  #warnedOf: string | null = null;
  #block: { cause: string; byLog: boolean } | null = null;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  starts(): void {
    this.#hasStarted = this.#hasReachedStore = this.#isCaughtUp = this.#hasCaughtUp = this.#isLogKnown = false;
    this.#startedAt = Date.now();
    this.#isWorking = true;
    this.#block = this.#waitingFor = this.#warnedOf = null;
  }

  /** Whether this node does the work. */
  get isWorking(): boolean {
    return this.#isWorking;
  }

  works(isWorking: boolean): void {
    this.#isWorking = isWorking;
  }

  catchesUp(isCaughtUp: boolean): void {
    this.#isCaughtUp = isCaughtUp;
    this.#hasCaughtUp ||= isCaughtUp;
  }

  /** Since its start it has been at the end of the log. */
  get hasCaughtUp(): boolean {
    return this.#hasCaughtUp;
  }

  /** A page has come; what it holds is still to be done. */
  reachesStore(): void {
    this.#hasReachedStore = true;
  }

  /** Everything has answered. */
  goesOn(): void {
    this.#hasStarted = true;
    this.#waitingFor = this.#warnedOf = null;
  }

  /** @param byLog the log is another one: no checkpoint of one must get into the other */
  stops(cause: string, { byLog }: { byLog: boolean }): void {
    if (!this.#block) this.#d.warn(`${this.#d.name} stopped: ${cause}`, {});
    this.#block = { cause, byLog };
  }

  /** Somebody had a look, or what it stopped for is gone. */
  resumes(): void {
    this.#block = null;
  }

  get hasStopped(): boolean {
    return this.#block !== null;
  }

  get hasOtherLog(): boolean {
    return this.#block?.byLog === true;
  }

  /** The log has been looked at, and is the one that the checkpoint is of. */
  knowsLog(): void {
    this.#isLogKnown = true;
  }

  /** Whether the checkpoint's position says anything about the log. */
  get isLogKnown(): boolean {
    return this.#isLogKnown && !this.hasOtherLog;
  }

  /** @param isStopping whether an error is to be expected */
  waitsFor(error: unknown, isStopping: boolean): void {
    const cause = inWords(error);
    this.#isCaughtUp = false;
    if (isStopping) return;
    // The status tells at once; a warning has time while the services of a node start one after the other.
    this.#waitingFor = cause;
    if (this.#warnedOf === cause || (!this.#hasStarted && Date.now() - this.#startedAt < times.start.quietMs)) return;
    this.#warnedOf = cause;
    this.#d.warn(
      `${this.#d.name} waits: ${cause}`,
      isOutage(error) ? {} : { stack: error instanceof Error ? error.stack : undefined },
    );
  }

  get #blockedBy(): string | null {
    return this.#block?.cause ?? this.#d.blockedBy();
  }

  /** Why it waits, stopped or stands by. */
  get cause(): string | null {
    return this.#blockedBy ?? this.#waitingFor ?? (this.#isWorking ? null : this.#d.standsByFor());
  }

  /** `lag`: behind the log's end, as it is known at this moment; null where it is not. */
  stateAt(lag: number | null): ConsumerState {
    if (this.#d.isPaused()) return "paused";
    if (this.#blockedBy !== null) return "stopped";
    if (this.#waitingFor !== null) return "waiting";
    if (!this.#hasReachedStore) return "starting";
    if (!this.#isWorking) return "standby";
    // One page may take long, and the log goes on meanwhile.
    return this.#isCaughtUp && (lag ?? 0) === 0 ? "live" : "folding";
  }

  /** Nothing is folded at the moment, and why; null while it is at work or waits for something outside. */
  get blockedBy(): string | null {
    if (this.#d.isPaused()) return 'is paused; "resume" goes on';
    const cause = this.#blockedBy;
    return cause === null ? null : `is stopped: ${cause}`;
  }
}

/** Where to look, which Moleculer's own words do not say. */
function inWords(error: unknown): string {
  const { type, data } = Object(error) as { type?: unknown; data?: { action?: unknown } };
  if (type === "REQUEST_TIMEOUT" && typeof data?.action === "string")
    return `${data.action} has not answered in time; look at what its service waits for`;
  return error instanceof Error ? error.message : String(error);
}

import { StoreUnavailableError } from "../../core/errors.ts";
import { isOutage } from "../../core/outage.ts";
import type { Progress } from "../../core/read-table.ts";
import type { EventSource } from "./event-source.ts";
import { Following, type Followed, type Obedient } from "./following.ts";
import type { ConsumerMetrics } from "../metrics.ts";
import { otherLog } from "./other-log.ts";
import { Wakeable } from "./wakeable.ts";
import type { ConsumerPage } from "./consumer-page.ts";

/**
 * `standby`: another node does the work. `waiting`: something outside does not answer. `stopped`: somebody has to look.
 * The last two with a cause.
 */
export type ConsumerState = "starting" | "folding" | "live" | "waiting" | "paused" | "stopped" | "standby";

/** What a consumer does with the events of the log: one folds them into a table, another handles them. */
export interface Work extends Obedient {
  readonly progress: Readonly<Pick<Progress, "position" | "positionId" | "log">>;
  /** Asked before each page. False where another node holds the lease; left out where every node works for itself. */
  mayWork?(): Promise<boolean>;
  /** A page was read, wanted or not. */
  note(page: ConsumerPage): void;
  /** Work beside the log's, also while that stands still; a slice at a time. `anew`: what made this consumer stop is gone. */
  aside?(): Promise<"idle" | "more" | "anew">;
  /** Why nothing can be done, whoever resumes it; null or left out where it can. */
  readonly hindrance?: string | null;
  /** Does the page's events in order. Ends early, between two events, when interrupted. @throws an outage's error */
  handle(page: ConsumerPage): Promise<void>;
  /** Somebody waits here for what another node does. */
  readonly isAwaited?: boolean;
  /** Writes the checkpoint where it has moved since. */
  save(): Promise<void>;
  readonly isTooOftenParked: boolean;
  /** Somebody had a look and wants to go on. */
  forgetParkedInARow(): void;
  /** Nothing moves until somebody acts. */
  standStill(why: string): void;
}

interface Dependencies {
  name: string;
  source: Pick<EventSource, "page">;
  work: Work;
  maxParkedInARow: number;
  /** Default 1000. */
  eventsPerPage?: number;
  metrics: ConsumerMetrics | null;
  /** How an operator makes it begin anew on another log. */
  startAfresh: string;
  warn: (message: string, details: object) => void;
}

const defaultEventsPerPage = 1000;
const pollMs = 1000;
/** While somebody waits for what another node does, which says nothing when it is done. */
const awaitedPollMs = 25;
const firstWaitMs = 50;
/** While a node starts, its services come one after the other: no reason for a warning. */
const quietStartMs = 5000;

/** Follows the log and the control state for one consumer on one node: page after page, until it is stopped. */
export class Consumer {
  readonly #d: Dependencies;
  readonly #bell = new Wakeable();
  readonly #sleepers = new Set<() => void>();
  readonly #following: Following;
  #isInterrupted = false;
  #isStopping = false;
  #isWorking = true;
  #isCaughtUp = false;
  #hasStarted = false;
  #startedAt = 0;
  #waitMs = firstWaitMs;
  #waitingFor: string | null = null;
  #halt: { cause: string; byLog: boolean } | null = null;
  #loop: Promise<void> | null = null;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#following = new Following(dependencies.work);
  }

  start(): void {
    this.#isStopping = this.#isInterrupted = this.#hasStarted = false;
    this.#isWorking = true;
    this.#startedAt = Date.now();
    this.#halt = this.#waitingFor = null;
    this.#following.start();
    this.#loop = this.#run();
  }

  /** What is being done is finished and saved. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.interrupt();
    await this.#loop;
    this.#loop = null;
  }

  /** There may be something new, up to `head` where it is known. */
  wake(head?: number): void {
    if (head !== undefined && !this.#isStopping) this.#measure(head);
    // What is new is no news for who stands by.
    if (head === undefined || this.#isWorking) this.#bell.knock();
  }

  /** What runs ends between two events, and the control state is read. */
  interrupt(): void {
    this.#isInterrupted = true;
    for (const wake of this.#sleepers) wake();
    this.#bell.knock();
  }

  get isInterrupted(): boolean {
    return this.#isInterrupted || this.#isStopping;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  get isPaused(): boolean {
    return this.#following.isPaused;
  }

  /** Ends early when interrupted. */
  async sleep(ms: number): Promise<void> {
    if (this.isInterrupted) return;
    const { promise, resolve: wake } = Promise.withResolvers<void>();
    // A sleeping consumer alone keeps no process alive.
    const timer = setTimeout(wake, ms).unref();
    this.#sleepers.add(wake);
    await promise;
    this.#sleepers.delete(wake);
    clearTimeout(timer);
  }

  /** Answers when the control state is followed up to `revision` and nothing is in flight. @throws what a retry has met */
  follow(revision: number): Promise<Followed> {
    if (this.#isStopping || !this.#loop) throw new StoreUnavailableError(this.#d.name, "is stopping");
    const followed = this.#following.wait(revision);
    this.interrupt();
    return followed;
  }

  async #run(): Promise<void> {
    const { work, name, warn } = this.#d;
    while (!this.#isStopping) {
      try {
        const hasMore = await this.#advance();
        this.#hasStarted = true;
        this.#waitingFor = null;
        this.#waitMs = firstWaitMs;
        // Work may never leave the thread by itself: others get their turn between two pages.
        if (hasMore) await new Promise((turn) => setImmediate(turn));
        else await this.#rest(work.isAwaited ? awaitedPollMs : pollMs);
      } catch (error) {
        this.#noteOutage(error);
        await this.#rest(this.#waitMs);
        this.#waitMs = Math.min(this.#waitMs * 2, pollMs);
      }
    }
    await this.#save().catch((error: unknown) =>
      warn(`${name}: the checkpoint was not saved`, { error: String(error) }),
    );
    work.standStill("is stopping");
    this.#d.metrics?.lag(NaN);
    this.#following.refuse(new StoreUnavailableError(name, "is stopping"));
  }

  async #rest(ms: number): Promise<void> {
    if (!this.#isStopping) await this.#bell.wait(ms);
  }

  /** A page, and a slice of the work beside it; whether there is more to do at once. */
  async #advance(): Promise<boolean> {
    const along = await this.#advanceAlong().catch((error: unknown) => ({ error }));
    const aside = (this.#isWorking && (await this.#d.work.aside?.())) || "idle";
    if (aside === "anew") {
      this.#halt = null;
      this.#isCaughtUp = true;
      return true;
    }
    if (typeof along === "boolean") return along || aside !== "idle";
    // What is built beside a table that cannot be written is what heals it.
    if (aside === "idle") throw along.error;
    this.#noteOutage(along.error);
    return true;
  }

  async #advanceAlong(): Promise<boolean> {
    const { work, source } = this.#d;
    this.#isInterrupted = false;
    this.#isWorking = await this.#mayWork();
    const isResting = !this.#isWorking || this.standsStill !== null;
    const page = await source.page(
      work.progress.position,
      isResting ? 0 : (this.#d.eventsPerPage ?? defaultEventsPerPage),
    );
    work.note(page);
    await this.#follow(page);
    this.#measure(page.head);
    const still = this.standsStill;
    if (still) work.standStill(still);
    if (still || !this.#isWorking) return false;
    if (isResting) return true;
    await work.handle(page);
    this.#measure(page.head);
    this.#isCaughtUp = page.end && work.progress.position === page.position;
    if (work.isTooOftenParked) this.#stopForParked();
    return !page.end && this.#halt === null;
  }

  /** Where that cannot be said it may not, neither along the log nor aside. */
  async #mayWork(): Promise<boolean> {
    try {
      return (await this.#d.work.mayWork?.()) ?? true;
    } catch (error) {
      this.#isWorking = false;
      throw error;
    }
  }

  /** Where another node works, that one knows. */
  #measure(head: number): void {
    const { metrics, work } = this.#d;
    if (!metrics) return;
    metrics.lag(this.#isWorking ? Math.max(head - work.progress.position, 0) : NaN);
    metrics.parked(this.#isWorking ? work.parked().length : NaN);
  }

  async #follow(page: ConsumerPage): Promise<void> {
    const { control } = page;
    if (this.#following.note(control, this.#isWorking)) {
      this.#halt = null;
      this.#d.work.forgetParkedInARow();
    }
    const other = this.#isWorking ? otherLog(this.#d.work.progress, page) : null;
    if (other) this.#stopBy({ cause: `${other}, or ${this.#d.startAfresh}`, byLog: true });
    // Not saved, what is of no interest is passed again: no reason to fail.
    if (control.paused) await this.#save().catch((error: unknown) => this.#noteOutage(error));
    else if (this.#isWorking && !this.#halt?.byLog) await this.#following.obey(control);
    this.#following.answer(control.revision, this.#isWorking);
  }

  /** A checkpoint of one log must not get into another. */
  async #save(): Promise<void> {
    if (!this.#halt?.byLog) await this.#d.work.save();
  }

  #stopForParked(): void {
    const last = this.#d.work.parked().findLast(({ error }) => error)?.error?.message ?? "unknown";
    this.#stopBy({
      cause: `${this.#d.maxParkedInARow} events in a row were parked; the last: ${last}. "resume" goes on, "retry" tries them again`,
      byLog: false,
    });
  }

  #stopBy(halt: { cause: string; byLog: boolean }): void {
    if (!this.#halt) this.#d.warn(`${this.#d.name} stopped: ${halt.cause}`, {});
    this.#halt = halt;
  }

  #noteOutage(error: unknown): void {
    const cause = error instanceof Error ? error.message : String(error);
    const isExpected = this.#isStopping || (!this.#hasStarted && Date.now() - this.#startedAt < quietStartMs);
    if (this.#waitingFor !== cause && !isExpected)
      this.#d.warn(
        `${this.#d.name} waits: ${cause}`,
        isOutage(error) ? {} : { stack: error instanceof Error ? error.stack : undefined },
      );
    if (!isExpected) this.#waitingFor = cause;
    this.#d.metrics?.lag(NaN);
    this.#isCaughtUp = false;
  }

  /** Why it waits or stopped. */
  get cause(): string | null {
    return this.#halt?.cause ?? this.#d.work.hindrance ?? this.#waitingFor;
  }

  get state(): ConsumerState {
    if (this.isPaused) return "paused";
    if (this.#halt || this.#d.work.hindrance) return "stopped";
    if (this.#waitingFor !== null) return "waiting";
    if (!this.#hasStarted) return "starting";
    if (!this.#isWorking) return "standby";
    return this.#isCaughtUp ? "live" : "folding";
  }

  /** Nothing is folded at the moment, and why; null while it is at work or waits for something outside. */
  get standsStill(): string | null {
    if (this.isPaused) return 'is paused; "resume" goes on';
    const cause = this.#halt?.cause ?? this.#d.work.hindrance;
    return cause ? `is stopped: ${cause}` : null;
  }
}

import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { times } from "../../core/concurrency/times.ts";
import { ConsumerStatus } from "./consumer-state.ts";
import type { EventSource } from "./event-source.ts";
import { ControlSync, type ControlAck } from "./control-sync.ts";
import type { ConsumerMetrics } from "../observability/metrics.ts";
import { otherLog } from "./other-log.ts";
import { Signal } from "./signal.ts";
import type { ConsumerPage } from "./consumer-page.ts";
import type { Work } from "./work.ts";

interface Dependencies {
  name: string;
  source: Pick<EventSource, "page">;
  work: Work;
  maxParkedInARow: number;
  /** Default 1000. */
  eventsPerPage?: number;
  metrics: ConsumerMetrics | null;
  /** Between two pages, where nothing is in flight: whether another node gets the work. `isAtWork`: it is done here. */
  handOver?: (isAtWork: boolean) => Promise<boolean>;
  /** How an operator makes it begin anew on another log. */
  startAfresh: string;
  warn: (message: string, details: object) => void;
}

/** Follows the log and the control state for one consumer on one node: page after page, until it is stopped. */
export class Consumer {
  readonly #d: Dependencies;
  readonly #signal = new Signal();
  readonly #sleepers = new Set<() => void>();
  readonly #following: ControlSync;
  readonly condition: ConsumerStatus;
  #isInterrupted = false;
  #isStopping = false;
  #waitMs = times.consumerRetry.firstMs;
  #loop: Promise<void> | null = null;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    const { name, work, warn } = dependencies;
    this.#following = new ControlSync(work);
    this.condition = new ConsumerStatus({
      name,
      blockedBy: () => work.blockedBy ?? null,
      isPaused: () => this.isPaused,
      standsByFor: () => work.lease?.cause ?? null,
      warn,
    });
  }

  start(): void {
    this.#isStopping = this.#isInterrupted = false;
    this.condition.starts();
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
    if (head === undefined || this.condition.isWorking) this.#signal.notify();
  }

  /** Another node has released the lease of this work. */
  takeOver(): void {
    const { lease } = this.#d.work;
    if (!lease?.cause) return;
    lease.isFreed();
    this.wake();
  }

  /** What runs ends between two events, and the control state is read. */
  interrupt(): void {
    this.#isInterrupted = true;
    for (const wake of this.#sleepers) wake();
    this.#signal.notify();
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

  /**
   * Answers when the control state is followed up to `revision` and nothing is in flight; `isPatient`: and when what was
   * parked and is to go on has done so, or is paused. @throws what a retry has met
   */
  follow(revision: number, isPatient = false): Promise<ControlAck> {
    if (this.#isStopping || !this.#loop) throw new StoreUnavailableError(this.#d.name, "is stopping");
    const followed = this.#following.wait(revision, isPatient);
    this.interrupt();
    return followed;
  }

  async #run(): Promise<void> {
    const { work, name, warn } = this.#d;
    while (!this.#isStopping) {
      try {
        const hasMore = await this.#advance();
        this.condition.goesOn();
        this.#waitMs = times.consumerRetry.firstMs;
        // Work may never leave the thread by itself: others get their turn between two pages.
        if (hasMore) await new Promise((turn) => setImmediate(turn));
        else await this.#rest(this.#restMs);
      } catch (error) {
        this.#noteOutage(error);
        await this.#rest(this.#waitMs);
        this.#waitMs = Math.min(this.#waitMs * 2, times.poll.everyMs);
      }
    }
    await this.#save().catch((error: unknown) =>
      warn(`${name}: the checkpoint was not saved`, { error: String(error) }),
    );
    work.rejectWaiters("is stopping");
    this.#d.metrics?.lag(NaN);
    this.#following.rejectAll(new StoreUnavailableError(name, "is stopping"));
  }

  get #restMs(): number {
    const { isAwaited, lease } = this.#d.work;
    const { whileAwaitedMs, everyMs } = times.poll;
    return isAwaited ? whileAwaitedMs : Math.min(everyMs, Math.max(lease?.restMs ?? Infinity, 0));
  }

  async #rest(ms: number): Promise<void> {
    if (!this.#isStopping) await this.#signal.wait(ms);
  }

  /** A page, and a slice of the work beside it; whether there is more to do at once. */
  async #advance(): Promise<boolean> {
    const along = await this.#advanceAlong().catch((error: unknown) => ({ error }));
    const aside = (this.condition.isWorking && (await this.#d.work.backgroundStep?.())) || "idle";
    if (aside === "anew") {
      this.condition.resumes();
      this.condition.catchesUp(true);
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
    this.condition.works(await this.#mayWork());
    const isResting = !this.condition.isWorking || this.condition.blockedBy !== null;
    const page = await source.page(
      work.progress.position,
      isResting ? 0 : (work.eventsPerPage ?? this.#d.eventsPerPage ?? 1000),
    );
    this.condition.reachesStore();
    work.note(page);
    await this.#follow(page);
    this.#measure(page.head);
    const still = this.condition.blockedBy;
    if (still) work.rejectWaiters(still);
    if (still || !this.condition.isWorking) return this.#following.hasMore;
    if (isResting) return true;
    await work.handle(page);
    this.#measure(page.head);
    this.condition.catchesUp(page.end && work.progress.position === page.position);
    if (work.isTooOftenParked) this.#stopForParked();
    return this.#following.hasMore || (!page.end && !this.condition.hasStopped);
  }

  /** Where that cannot be said it may not, neither along the log nor aside. */
  async #mayWork(): Promise<boolean> {
    try {
      if (await this.#d.handOver?.(this.condition.isWorking && this.condition.blockedBy === null)) return false;
      return (await this.#d.work.mayWork?.()) ?? true;
    } catch (error) {
      this.condition.works(false);
      throw error;
    }
  }

  /** Where another node works, that one knows. */
  #measure(head: number): void {
    const { metrics, work } = this.#d;
    if (!metrics) return;
    metrics.lag(this.condition.isWorking ? Math.max(head - work.progress.position, 0) : NaN);
    metrics.parked(this.condition.isWorking ? work.parkedCount : NaN);
  }

  async #follow(page: ConsumerPage): Promise<void> {
    const { control } = page;
    if (this.#following.update(control, this.condition.isWorking)) {
      this.condition.resumes();
      this.#d.work.forgetParkedInARow();
    }
    const other = this.condition.isWorking ? otherLog(this.#d.work.progress, page) : null;
    if (other) this.condition.stops(`${other}, or ${this.#d.startAfresh}`, { byLog: true });
    else this.condition.knowsLog();
    // Not saved, what is of no interest is passed again: no reason to fail.
    if (control.paused) await this.#save().catch((error: unknown) => this.#noteOutage(error));
    if (!control.paused && this.condition.isWorking && !this.condition.hasOtherLog)
      await this.#following.apply(control);
    else this.#following.idle();
    this.#following.acknowledge(control.revision, this.condition.isWorking);
  }

  /** A checkpoint of one log must not get into another. */
  async #save(): Promise<void> {
    if (!this.condition.hasOtherLog) await this.#d.work.save();
  }

  #stopForParked(): void {
    const last = this.#d.work.lastFailure ?? "unknown";
    this.condition.stops(
      `${this.#d.maxParkedInARow} events in a row were parked; the last: ${last}. "resume" goes on, "retry" tries them again`,
      { byLog: false },
    );
  }

  #noteOutage(error: unknown): void {
    this.condition.waitsFor(error, this.#isStopping);
    this.#d.metrics?.lag(NaN);
  }
}

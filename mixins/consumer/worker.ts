import type { ConsumerControl } from "../../core/consumer/consumer-control.ts";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { times } from "../../core/concurrency/times.ts";
import type { ConsumerMetrics } from "../observability/metrics.ts";
import type { ConsumerPage } from "./consumer-page.ts";
import { ControlSync, type ControlAck } from "./control-sync.ts";
import type { EventSource } from "./event-source.ts";
import type { Interrupter } from "./interrupter.ts";
import { otherLog } from "./other-log.ts";
import { Outages } from "./outages.ts";
import { Signal } from "./signal.ts";
import type { Holding, Work } from "./work.ts";
import { changed, haltOf, startState, type WorkerState } from "./worker-state.ts";

interface Dependencies {
  name: string;
  source: Pick<EventSource, "page">;
  work: Work;
  interrupter: Interrupter;
  maxParkedInARow: number;
  metrics: ConsumerMetrics | null;
  /** Between two pages, where nothing is in flight: whether another node gets the work. `isAtWork`: it is done here. */
  handOver?: (isAtWork: boolean) => Promise<boolean>;
  /** How an operator makes it begin anew on another log. */
  startAfresh: string;
  warn: (message: string, details: object) => void;
}

/** The loop of one consumer on one node: page after page of the log, each handled and then committed, until it is stopped. */
export class Worker {
  /** Replaced when it changes; read by others, written here alone. */
  state: WorkerState = startState;
  readonly #d: Dependencies;
  readonly #signal = new Signal();
  readonly #control: ControlSync;
  readonly #outages: Outages;
  #loop: Promise<void> | null = null;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#control = new ControlSync(dependencies.work);
    this.#outages = new Outages(dependencies.name, dependencies.warn);
  }

  start(): void {
    this.#d.interrupter.start();
    this.state = startState;
    this.#outages.start();
    this.#control.rest();
    this.#loop = this.#run();
  }

  /** Resolves when what was begun is finished and saved. */
  async stop(): Promise<void> {
    this.#d.interrupter.stop();
    this.#signal.notify();
    await this.#loop;
    this.#loop = null;
  }

  /** There may be new events, up to `head` where it is known. */
  wake(head?: number): void {
    if (head !== undefined && this.#d.metrics && !this.isStopping) this.#measure(head);
    // A standby ignores new events; only the lease wakes it.
    if (head === undefined || this.state.isWorking) this.#signal.notify();
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
    this.#d.interrupter.interrupt();
    this.#signal.notify();
  }

  get isStopping(): boolean {
    return this.#d.interrupter.isStopping();
  }

  /**
   * Resolves when the control state is applied up to `revision` and nothing is in flight; `isPatient`: and when the parked
   * events that are to be handled have been, or are paused. @throws what a retry has met
   */
  async follow(revision: number, isPatient = false): Promise<ControlAck> {
    if (this.isStopping || !this.#loop) throw new StoreUnavailableError(this.#d.name, "is stopping");
    const applied = this.#control.waiters.wait({ revision, isPatient, checks: 0 });
    this.interrupt();
    return applied;
  }

  /** Why nothing is done at the moment; null while it is at work or waits for a dependency. */
  get haltedBy(): string | null {
    return haltOf(this.state, this.#d.work.blockedBy);
  }

  /** Whether the checkpoint's position says anything about the log. */
  get isLogKnown(): boolean {
    return this.state.isLogKnown && this.state.block?.byLog !== true;
  }

  async #run(): Promise<void> {
    const { work, name, warn, metrics } = this.#d;
    while (!this.isStopping) {
      let restMs: number | null;
      try {
        restMs = (await this.#step()) ? null : this.#restMs();
        this.#change({ waitingFor: null });
        this.#outages.end();
      } catch (error) {
        this.#noteOutage(error);
        restMs = this.#outages.nextWaitMs();
      }
      // Work may never leave the thread by itself: others get their turn between two pages.
      if (restMs === null) await new Promise((turn) => setImmediate(turn));
      else if (!this.isStopping) await this.#signal.wait(restMs);
    }
    const notSaved = `${name}: the checkpoint was not saved`;
    await this.#save().catch((error: unknown) => warn(notSaved, { error: String(error) }));
    work.rejectWaiters("is stopping");
    metrics?.lag(NaN);
    const error = new StoreUnavailableError(name, "is stopping");
    this.#control.waiters.settle(() => ({ error }));
  }

  #restMs(): number {
    const { isAwaited, lease } = this.#d.work;
    if (isAwaited) return times.poll.whileAwaitedMs;
    return lease ? Math.min(times.poll.everyMs, Math.max(lease.restMs, 0)) : times.poll.everyMs;
  }

  /** A page, and a slice of the work beside it; whether there is more to do at once. */
  async #step(): Promise<boolean> {
    const { work } = this.#d;
    const advanced = await this.#advance().catch((error: unknown) => ({ error }));
    const isFailed = typeof advanced === "object";
    if (isFailed) this.#control.forget();
    const background = this.state.isWorking && work.backgroundStep ? await work.backgroundStep() : "idle";
    if (background === "restart") {
      this.#control.forget();
      this.#change({ block: null, isCaughtUp: true, hasCaughtUp: true });
      return true;
    }
    // The generation that is built beside a table that cannot be written is what heals it.
    if (isFailed && background === "idle") throw advanced.error;
    if (isFailed) this.#noteOutage(advanced.error);
    return isFailed || advanced || background === "more";
  }

  async #advance(): Promise<boolean> {
    const { work, source, interrupter } = this.#d;
    interrupter.resume();
    const isWorking = await this.#acquire();
    const isResting = !isWorking || this.haltedBy !== null;
    const page = await source.page(work.progress.position, isResting ? 0 : work.eventsPerPage);
    work.onPage?.(page);
    await this.#applyControl(page);
    if (this.#d.metrics) this.#measure(page.head);
    const halt = this.haltedBy;
    if (halt !== null) work.rejectWaiters(halt);
    if (halt !== null || !isWorking) return this.#control.hasMore;
    if (isResting) return true;
    await work.handle(page);
    if (this.#d.metrics) this.#measure(page.head);
    const isCaughtUp = page.end && work.progress.position === page.position;
    this.#change({ isCaughtUp, hasCaughtUp: this.state.hasCaughtUp || isCaughtUp });
    if (work.isTooOftenParked) this.#stopForParked();
    return this.#control.hasMore || (!page.end && this.state.block === null);
  }

  /** If the answer fails, this node does nothing, neither along the log nor beside it. */
  async #acquire(): Promise<boolean> {
    const { handOver, work } = this.#d;
    let holding: Holding = "other";
    try {
      const isGiven = handOver && (await handOver(this.state.isWorking && this.haltedBy === null));
      if (!isGiven) holding = await work.acquire();
    } finally {
      this.#change({ isWorking: holding !== "other" });
    }
    if (holding !== "kept") this.#control.forget();
    return holding !== "other";
  }

  /** On a standby the numbers are unknown: the node that works has them. */
  #measure(head: number): void {
    const { metrics, work } = this.#d;
    const { isWorking } = this.state;
    metrics?.lag(isWorking ? Math.max(head - work.progress.position, 0) : NaN);
    metrics?.parked(isWorking ? work.parkedCount : NaN);
  }

  async #applyControl(page: ConsumerPage): Promise<void> {
    const { control } = page;
    const { isWorking } = this.state;
    if (control.revision !== this.state.control?.revision || !isWorking) this.#noteControl(control);
    const other = isWorking ? otherLog(this.#d.work.progress, page) : null;
    if (other) this.#stop(`${other}, or ${this.#d.startAfresh}`, true);
    this.#change({ hasReachedStore: true, isLogKnown: this.state.isLogKnown || other === null });
    // What is of no interest is passed again if it is not saved: no reason to fail.
    if (control.paused) await this.#save().catch((error: unknown) => this.#noteOutage(error));
    if (!control.paused && isWorking && this.state.block?.byLog !== true) await this.#control.apply(control);
    else this.#control.rest();
    this.#control.acknowledge(control.revision, isWorking);
  }

  #noteControl(control: ConsumerControl): void {
    const { control: known, isWorking } = this.state;
    const isResumed = this.#control.note(control, known, isWorking);
    this.#change(isResumed ? { control, block: null } : { control });
    if (isResumed) this.#d.work.forgetParkedInARow();
  }

  /** A checkpoint of one log must not get into another. */
  async #save(): Promise<void> {
    if (this.state.block?.byLog !== true) await this.#d.work.save();
  }

  #stopForParked(): void {
    const { maxParkedInARow: most, work } = this.#d;
    const why = `${most} events in a row were parked; the last: ${work.lastFailure ?? "unknown"}`;
    this.#stop(`${why}. "resume" goes on, "retry" tries them again`, false);
  }

  #stop(cause: string, byLog: boolean): void {
    const { name, warn } = this.#d;
    if (!this.state.block) warn(`${name} stopped: ${cause}`, {});
    this.#change({ block: { cause, byLog } });
  }

  #noteOutage(error: unknown): void {
    this.#d.metrics?.lag(NaN);
    this.#change({ isCaughtUp: false });
    // An error is to be expected while the node stops.
    if (!this.isStopping) this.#change({ waitingFor: this.#outages.note(error) });
  }

  #change(part: Partial<WorkerState>): void {
    this.state = changed(this.state, part);
  }
}

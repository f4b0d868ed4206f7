import type { ConsumerControl } from "../../core/consumer/consumer-control.ts";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { times } from "../../core/concurrency/times.ts";
import type { OperatorLog } from "../../core/text/state-log.ts";
import type { ConsumerMetrics } from "../observability/metrics.ts";
import { AwaitedRelease, type Yielding } from "./awaited-release.ts";
import { ConsumerStateLog } from "./consumer-state-log.ts";
import type { ConsumerPage } from "./consumer-page.ts";
import { ControlSync, type ControlAck } from "./control-sync.ts";
import type { EventSource } from "./event-source.ts";
import type { Interrupter } from "./interrupter.ts";
import { Loop } from "./loop.ts";
import { otherLog } from "./other-log.ts";
import { measure } from "./measure.ts";
import { Outages } from "./outages.ts";
import type { Holding, Work, WorkState } from "./work.ts";
import { changed, haltOf, isSame, startState, type WorkerState } from "./worker-state.ts";

interface Dependencies extends OperatorLog, Yielding {
  name: string;
  source: Pick<EventSource, "page">;
  work: Work;
  interrupter: Interrupter;
  metrics: ConsumerMetrics | null;
  /** Called between two pages, with nothing in flight: whether another node got the work. `isAtWork`: done here now. */
  handOver?: (isAtWork: boolean) => Promise<boolean>;
  /** How an operator makes the consumer begin again on another log. */
  howToRestart: string;
}

/** The loop of one consumer on one node: it handles and commits page after page of the log until it is stopped. */
export class Worker {
  /** Replaced when it changes; others may read it, only this class writes it. */
  state: WorkerState = startState;
  readonly #d: Dependencies;
  readonly #loop: Loop;
  readonly #control: ControlSync;
  readonly outages: Outages;
  readonly #log: ConsumerStateLog;
  readonly #release: AwaitedRelease;
  /** The store's host wakes this worker for every change, so it need not poll. */
  #isNotified = false;
  #isHalted = false;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#control = new ControlSync(dependencies);
    this.outages = new Outages(dependencies.name, dependencies.warn);
    this.#log = new ConsumerStateLog(dependencies);
    this.#release = new AwaitedRelease(dependencies);
    this.#loop = new Loop({
      step: this.#step.bind(this),
      onError: (error) => this.#noteOutage(error).nextWaitMs(),
      end: this.#end.bind(this),
    });
  }

  start(): void {
    this.#d.interrupter.start();
    this.#change(startState);
    this.outages.start();
    this.#control.start();
    this.#loop.start();
  }

  /** Resolves when the work in flight is finished and saved. */
  async stop(): Promise<void> {
    this.#d.interrupter.stop();
    await this.#loop.stop();
  }

  /** There may be new events, up to `head` if it is known. */
  wake(head?: number): void {
    const { interrupter, metrics, work } = this.#d;
    if (head !== undefined && metrics && !interrupter.stopping) measure(metrics, work, this.state.isWorking, head);
    // New events neither wake a standby nor end the wait before an event that fails; that has a pace of its own.
    const isNews = this.state.isWorking && (this.outages.isOver || work.failures.isEmpty);
    if (head === undefined || (isNews && head > work.state.progress.position)) this.#loop.wake();
  }

  /** Another node has released the lease of this work. */
  takeOver(): void {
    if (this.#d.work.lease?.isFreed()) this.wake();
  }

  /** The running work ends between two events, and the worker reads the control state. */
  interrupt(): void {
    this.#d.interrupter.interrupt();
    this.#loop.wake();
  }

  /**
   * Resolves when the control state is applied up to `revision` and nothing is in flight; if `isPatient`, when the due
   * parked events have been handled, or are paused, too. @throws the error that a retry has met
   */
  async applyControl(revision: number, isPatient = false): Promise<ControlAck> {
    if (this.#d.interrupter.stopping || !this.#loop.isRunning)
      throw new StoreUnavailableError(this.#d.name, "is stopping");
    const applied = this.#control.waiters.wait({ revision, isPatient, checks: 0 });
    this.interrupt();
    return applied;
  }

  /** Why nothing is done at the moment; null while it works or waits for a dependency. */
  get haltedBy(): string | null {
    return haltOf(this.state, this.#d.work.state.blockedBy);
  }

  /** Whether the checkpoint's position is valid in the current log. */
  get isLogKnown(): boolean {
    return this.state.isLogKnown && this.state.block?.byLog !== true;
  }

  async #end(): Promise<void> {
    const { work, name, warn, metrics } = this.#d;
    const notSaved = `${name}: the checkpoint was not saved`;
    await this.#save().catch((error: unknown) => warn(notSaved, { error: String(error) }));
    this.#log.end();
    work.rejectWaiters("is stopping");
    metrics?.lag(NaN);
    this.#control.waiters.settle(() => ({ error: new StoreUnavailableError(name, "is stopping") }));
  }

  #restMs(): number {
    const { lease, polling } = this.#d.work;
    const { everyMs, whileAwaitedMs } = times.poll;
    if (polling === "often" || this.#control.waiters.size > 0) return whileAwaitedMs;
    const isDone = this.state.isCaughtUp && !this.#isHalted && this.state.block === null;
    if (polling === "never" && this.#isNotified && isDone) return Infinity;
    return lease ? Math.min(everyMs, Math.max(lease.restMs, 0)) : everyMs;
  }

  /** One page, and a slice of the background work. */
  async #step(): Promise<number | null> {
    const advanced = await this.#advance().catch((error: unknown) => ({ error }));
    const isFailed = typeof advanced === "object";
    if (isFailed) this.#control.forget();
    const step = (this.state.isWorking && this.#d.work.backgroundStep?.()) || "idle";
    const background = step === "idle" ? step : await step;
    if (background === "restart") {
      this.#control.forget();
      this.#change({ block: null, isCaughtUp: true, hasCaughtUp: true });
    }
    // If a table cannot be written, the generation that is built beside it is the repair, so the loop continues.
    else if (isFailed && background === "idle") throw advanced.error;
    else if (isFailed) this.#noteOutage(advanced.error);
    if (!this.outages.isOver) this.#change({ waitingFor: this.outages.end() });
    return isFailed || advanced || background !== "idle" ? null : this.#restMs();
  }

  /** Returns whether there is more to do at once. */
  async #advance(): Promise<boolean> {
    const { work, source, interrupter, handOver, metrics } = this.#d;
    interrupter.resume();
    // Woken by each append, an older release must not read whole pages only to find that it still waits.
    const eventsPerPage = Math.min(work.beforePage(), this.state.newer ? 1 : Infinity);
    const isWorking = handOver || work.lease ? await this.#acquire() : true;
    const { state } = this;
    const { progress, blockedBy } = work.state;
    const halt = haltOf(state, blockedBy);
    const isResting = !isWorking || halt !== null;
    const page = await source.page(progress.position, isResting ? 0 : eventsPerPage);
    this.#isNotified = page.notifies === true;
    work.onPage?.(page);
    const applying = this.#applyControl(page, progress);
    if (applying) await applying;
    if (metrics) measure(metrics, work, this.state.isWorking, page.head);
    const halted = this.state === state ? halt : this.haltedBy;
    this.#isHalted = halted !== null;
    if (halted !== null) work.rejectWaiters(halted);
    if (halted !== null || !isWorking) return this.#control.hasMore;
    if (isResting) return true;
    const handling = work.handle(page);
    if (handling) await handling;
    if (metrics) measure(metrics, work, this.state.isWorking, page.head);
    const isCaughtUp = page.end && work.state.progress.position === page.position;
    if (isCaughtUp !== this.state.isCaughtUp)
      this.#change({ isCaughtUp, hasCaughtUp: this.state.hasCaughtUp || isCaughtUp });
    const { stopCause } = work.failures;
    if (stopCause !== null) this.#stop(stopCause, false);
    const newer = work.state.progress.position === page.position ? (page.newer ?? null) : null;
    if (newer || this.state.newer) this.#change(await this.#release.at(newer));
    return this.#control.hasMore || (!page.end && newer === null && this.state.block === null);
  }

  /** If the lease's answer fails, this node does no work, neither along the log nor in the background. */
  async #acquire(): Promise<boolean> {
    const { handOver, work } = this.#d;
    let holding: Holding = "other";
    try {
      const isGiven = await handOver?.(this.state.isWorking && this.haltedBy === null);
      if (!isGiven) holding = await work.acquire();
    } finally {
      this.#change(holding === "other" ? { isWorking: false, newer: null } : { isWorking: true });
    }
    if (holding !== "kept") this.#control.forget(true);
    return holding !== "other";
  }

  /** Compares the log with the checkpoint, and applies the control state. */
  #applyControl(page: ConsumerPage, progress: WorkState["progress"]): void | Promise<void> {
    const { control } = page;
    const { isWorking } = this.state;
    if (!isSame(control, this.state.control) || !isWorking) this.#noteControl(control);
    const other = isWorking ? otherLog(progress, page) : null;
    if (other) this.#stop(`${other}, or ${this.#d.howToRestart}`, true);
    const { hasReachedStore, isLogKnown, block } = this.state;
    if (!hasReachedStore || !isLogKnown) this.#change({ hasReachedStore: true, isLogKnown: isLogKnown || !other });
    if (control.paused) return this.#pause(control, isWorking);
    return this.#control.apply(control, isWorking && block?.byLog !== true, isWorking);
  }

  /** Events that are not saved are passed again later, so a failed save does not fail the pause. */
  async #pause(control: ConsumerControl, isWorking: boolean): Promise<void> {
    await this.#save().catch((error: unknown) => void this.#noteOutage(error));
    await this.#control.apply(control, false, isWorking);
  }

  #noteControl(control: ConsumerControl): void {
    const { control: known, isWorking } = this.state;
    const isResumed = this.#control.note(control, known, isWorking);
    this.#change(isResumed ? { control, block: null } : { control });
    if (isResumed) this.#d.work.failures.forget();
  }

  /** A checkpoint of one log must not be saved into another. */
  async #save(): Promise<void> {
    if (this.state.block?.byLog !== true) await this.#d.work.save();
  }

  #stop(cause: string, byLog: boolean): void {
    if (!this.state.block) this.#d.warn(`${this.#d.name} stopped: ${cause}`, {});
    this.#change({ block: { cause, byLog } });
  }

  #noteOutage(error: unknown): Outages {
    const { metrics, interrupter, work } = this.#d;
    metrics?.lag(NaN);
    // Errors are expected while the node stops.
    const waitingFor = interrupter.stopping ? null : this.outages.note(error, work.failures.first());
    this.#change({ isCaughtUp: false, ...(waitingFor && { waitingFor }) });
    return this.outages;
  }

  #change(part: Partial<WorkerState>): void {
    this.state = changed(this.state, part);
    this.#log.note(this.state);
  }
}

import { neededRelease, type NewerEvent } from "../../../core/catalogue/newer-event.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { isReserved } from "../../../core/event/stream-name.ts";
import { times } from "../../../core/concurrency/times.ts";
import { StateLog, type Debug } from "../../../core/text/state-log.ts";
import { notHeld } from "../../consumer/lease-hold.ts";
import type { StoreMetrics } from "../../observability/metrics.ts";
import { handOver, omit } from "./hand-over.ts";
import { PumpCheckpoint, type LeaseOfPump } from "./pump-checkpoint.ts";
import { readPumpPage, type PumpedLog } from "./pump-page.ts";
import { TimeLimit } from "../../consumer/time-limit.ts";
import { Loop } from "../../consumer/loop.ts";
import { Waiters } from "../../consumer/waiters.ts";

export interface PumpOptions {
  /** Number of events per read. Default 100. */
  batchSize: number;
  /** How long an event's local handlers may take, in milliseconds; then the pump goes on without them. Default 5000. */
  timeoutMs: number;
}

interface Dependencies extends PumpedLog {
  /** The store's name. */
  name: string;
  options: PumpOptions;
  /** Hands one event to the broker; settles when the event's local handlers have settled. */
  deliver: (event: RecordedEvent) => Promise<unknown>;
  metrics: StoreMetrics | null;
  /** Whether the control state requests a pause; another host may have changed it. */
  isPauseWanted: () => Promise<boolean>;
  lease: LeaseOfPump;
  /** Another host, or only the node `to`, may pump from now on. */
  onRelease: (to?: string) => void;
  /** Another host whose release can read the event; null if there is none. */
  knowingNode: (newer: NewerEvent) => string | null;
  /** Wakes the consumers of this node: for events up to this position or, without one, because the log has failed. */
  announceHere: (position?: number) => void;
  warn: (message: string, details: object) => void;
  debug: Debug;
}

/**
 * Reads the log in order and hands each event to the broker, at least once. The checkpoint is saved after the delivery,
 * so a crash between the two repeats some events. A listener that fails or hangs does not stop the pump.
 */
export class Pump {
  isPaused = false;
  /** Why the pump can neither read nor save; null while it can. */
  outage: string | null = null;
  /** The next event, if only a newer release can read it. */
  newer: NewerEvent | null = null;
  readonly checkpoint: PumpCheckpoint;
  readonly #d: Dependencies;
  readonly #isShared: boolean;
  readonly #loop: Loop;
  readonly #timeLimit: TimeLimit;
  readonly #stateLog: StateLog;
  /** Callers that wait until nothing is in flight. */
  readonly #idle = new Waiters<null>("an idle pump", Infinity);
  /** Nothing is delivered before `release`. */
  #isGated = false;
  #isStopping = false;

  constructor(dependencies: Dependencies) {
    const { name, log, options, lease, debug } = dependencies;
    this.#d = dependencies;
    this.checkpoint = new PumpCheckpoint(log, lease, new StateLog(`${name} pump lease`, notHeld, debug));
    this.#stateLog = new StateLog(`${name} pump`, "off", debug);
    this.#timeLimit = new TimeLimit(options.timeoutMs, log.engine);
    this.#isShared = log.capabilities.hosts === "many";
    this.#loop = new Loop({
      step: this.#step.bind(this),
      onError: this.#noteOutage.bind(this),
      end: this.#end.bind(this),
    });
  }

  /** Another host has released the pump's lease. */
  takeOver(): void {
    if (this.checkpoint.lease?.isFreed()) this.wake();
  }

  /** `isGated`: delivers nothing before `release`. */
  async start(isGated: () => boolean): Promise<void> {
    await this.checkpoint.load();
    this.isPaused = await this.#d.isPauseWanted();
    // Asked last: a release may come while the engine answers.
    this.#isGated = isGated();
    this.outage = this.newer = null;
    this.#isStopping = false;
    this.#loop.start();
  }

  /** There may be new events, up to `head` if it is known. */
  wake(head?: number): void {
    if (head !== undefined) this.#d.metrics?.pumpLag(this.checkpoint.lagAt(head));
    // A standby ignores new events; only the lease wakes it.
    if (head === undefined || !this.#isShared || this.checkpoint.isHeld) this.#loop.wake();
  }

  release(): void {
    this.#isGated = false;
    this.wake();
  }

  /** Resolves when no local handler is running any more, except for handlers that hang. */
  async pause(): Promise<void> {
    this.isPaused = true;
    const idle = this.#idle.wait(null);
    this.wake();
    await idle;
  }

  resume(): void {
    this.isPaused = false;
    this.#idle.settle(() => done);
    this.wake();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#loop.stop();
    this.#timeLimit.end();
  }

  async #end(): Promise<void> {
    const { metrics, onRelease, warn } = this.#d;
    const notSaved = "The pump's checkpoint was not saved";
    await this.checkpoint.save().catch((error: unknown) => warn(notSaved, { error: String(error) }));
    await this.checkpoint.release();
    if (this.#isShared) onRelease();
    this.#stateLog.change("off", () => ({ position: this.checkpoint.position }));
    metrics?.pumpLag(NaN);
    this.#idle.settle(() => done);
  }

  #noteOutage(error: unknown): number {
    const { announceHere, metrics, warn } = this.#d;
    const cause = error instanceof Error ? error.message : String(error);
    metrics?.pumpLag(NaN);
    if (this.outage !== cause) warn("The pump cannot read or save; it tries again", { error: String(error) });
    this.outage = cause;
    this.#stateLog.change("waiting", () => ({ position: this.checkpoint.position }), cause);
    if (!this.#isShared) announceHere();
    if (this.isPaused || this.#isStopping) this.#idle.settle(() => done);
    return times.poll.everyMs;
  }

  /** Another host may have resumed the pump. Callers that wait for a pause must not wait longer then. */
  async #checkControl(): Promise<void> {
    this.#idle.ask();
    this.isPaused = await this.#d.isPauseWanted();
    if (!this.isPaused) this.#idle.settle((_, isAsked) => (isAsked ? done : null));
  }

  /** `isNotified`: there are new events; otherwise the pump checks the head. */
  async #step(isNotified: boolean): Promise<number | null> {
    const { announceHere, log, metrics } = this.#d;
    const { checkpoint } = this;
    if (this.#isShared) await this.#checkControl();
    // The lease is kept during a pause, too: it shows that a host is running.
    const mayPump = !this.#isGated && (checkpoint.lease === null || (await checkpoint.acquire())) && !this.isPaused;
    this.#logState();
    // After an outage there may be events that have not woken the pump.
    const mustLook = !isNotified && this.outage === null && (mayPump || !this.#isShared);
    const head = mustLook ? await log.head() : null;
    if (head !== null && !this.#isShared) announceHere(head);
    const isDue = mayPump && (head === null || head > checkpoint.position);
    if (!mayPump) this.newer = null;
    const isAtEnd = !isDue || (await this.#pumpPage());
    if (metrics) metrics.pumpLag(checkpoint.lagAt(await log.head()));
    if (!isAtEnd) return null;
    const restMs = await this.#rest();
    if (this.outage !== null) {
      this.outage = null;
      this.#logState();
    }
    if (this.isPaused || this.#isStopping) this.#idle.settle(() => done);
    return restMs;
  }

  /** Why the pump cannot continue; null if it can. */
  get cause(): string | null {
    return this.outage ?? (this.newer && neededRelease(this.newer));
  }

  /** An outage is over when a whole step has succeeded. */
  #logState(): void {
    if (this.outage !== null) return;
    const { position, lease } = this.checkpoint;
    const working = this.isPaused ? "paused" : this.newer ? "waiting" : "pumping";
    const isStandby = this.#isShared && !this.checkpoint.isHeld;
    const state = this.#isGated ? "gated" : isStandby ? "standby" : working;
    const details = () => ({ position, ...(state === "standby" && { cause: lease?.cause }) });
    this.#stateLog.change(state, details, state === "waiting" ? this.cause : null);
  }

  /**
   * How long to wait for new events. The checkpoint is saved when it is due, even if nothing follows: otherwise a
   * single append would cost two commits.
   */
  async #rest(): Promise<number> {
    const { checkpoint } = this;
    const { dueInMs } = checkpoint;
    if (dueInMs > 0 && !this.isPaused) return dueInMs;
    await checkpoint.save();
    return Math.min(times.poll.everyMs, Math.max(checkpoint.lease?.restMs ?? Infinity, 0));
  }

  /** Whether the end of the log was reached. */
  async #pumpPage(): Promise<boolean> {
    const { checkpoint } = this;
    // Woken by each append, an older release must not read whole pages only to find that it still waits.
    const page = await readPumpPage(this.#d, checkpoint.position, this.newer ? 1 : this.#d.options.batchSize);
    for (const event of page.events) {
      if (this.isPaused || this.#isStopping || (this.#isShared && !checkpoint.isHeld)) return false;
      // System events are internal to the framework, and Moleculer's own events begin with `$` too.
      const defect = page.unreadable?.[event.id];
      if (defect) omit(this.#d, event, defect);
      else if (!isReserved(event.type)) await handOver(this.#d, this.#timeLimit, event);
      checkpoint.position = event.position;
      if (checkpoint.dueInMs === 0) await checkpoint.save();
    }
    // The last events of the page may be dropped ones.
    checkpoint.position = page.position;
    if (page.newer) return this.#awaitRelease(page.newer);
    this.newer = null;
    return page.end;
  }

  /** Gives the pump to a host that can read the event; without one it is checked again at the next step. */
  async #awaitRelease(newer: NewerEvent): Promise<true> {
    const { knowingNode, onRelease, warn } = this.#d;
    if (newer.id !== this.newer?.id) warn(`The pump waits: ${neededRelease(newer)}`, { ...newer });
    this.newer = newer;
    const to = this.#isShared ? knowingNode(newer) : null;
    if (to !== null) {
      await this.checkpoint.giveTo(to);
      onRelease(to);
      this.newer = null;
    }
    return true;
  }
}

const done = { answer: undefined };

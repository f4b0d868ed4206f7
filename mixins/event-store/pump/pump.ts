import { Errors } from "moleculer";
import type { DamagedEventError } from "../../../core/event/damaged-event.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { isReserved } from "../../../core/event/stream-name.ts";
import { times } from "../../../core/concurrency/times.ts";
import type { StoreMetrics } from "../../observability/metrics.ts";
import { PumpCheckpoint, type LeaseOfPump } from "./pump-checkpoint.ts";
import { TimeLimit } from "../../consumer/time-limit.ts";
import { Signal } from "../../consumer/signal.ts";

export interface PumpOptions {
  /** Events read at a time. Default 100. */
  batchSize: number;
  /** How long one event's local handlers may take before the pump goes on without them, in milliseconds. Default 5000. */
  timeoutMs: number;
}

interface Dependencies {
  log: EventLog;
  options: PumpOptions;
  /** Hands one event to the broker; settles when its local handlers have. */
  deliver: (event: RecordedEvent) => Promise<unknown>;
  metrics: StoreMetrics | null;
  /** As the control state says, which another host may have changed. */
  isPauseWanted: () => Promise<boolean>;
  lease: LeaseOfPump;
  /** Another host may pump from now on. */
  onRelease: () => void;
  warn: (message: string, details: object) => void;
}

/**
 * Reads the log in order and hands each event to the broker, at least once: the checkpoint is saved after the delivery,
 * so a crash between the two repeats some events. A listener that fails or hangs stops nothing.
 */
export class Pump {
  readonly #log: EventLog;
  readonly #options: PumpOptions;
  readonly #deliver: Dependencies["deliver"];
  readonly #metrics: StoreMetrics | null;
  readonly #warn: Dependencies["warn"];
  readonly #signal = new Signal();
  readonly #timeLimit: TimeLimit;
  readonly #checkpoint: PumpCheckpoint;
  readonly #isPauseWanted: () => Promise<boolean>;
  readonly #onRelease: () => void;
  #paused = false;
  #held = false;
  #stopping = false;
  #outage: string | null = null;
  #loop: Promise<void> | null = null;
  /** Those who wait until nothing is in flight. */
  #waitingForIdle: (() => void)[] = [];

  constructor({ log, options, deliver, isPauseWanted, lease, onRelease, metrics, warn }: Dependencies) {
    this.#checkpoint = new PumpCheckpoint(log, lease);
    this.#onRelease = onRelease;
    this.#isPauseWanted = isPauseWanted;
    this.#log = log;
    this.#options = options;
    this.#deliver = deliver;
    this.#metrics = metrics;
    this.#warn = warn;
    this.#timeLimit = new TimeLimit(options.timeoutMs, log.engine);
  }

  get position(): number {
    return this.#checkpoint.position;
  }

  /** How far the events are handed over, whichever host does it: of another, as it has saved it. */
  reached(): Promise<number> {
    return this.#checkpoint.reached();
  }

  /** The same as it was known last, where the engine does not answer. */
  get known(): number {
    return this.#checkpoint.known;
  }

  get #isShared(): boolean {
    return this.#log.capabilities.hosts === "many";
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  /** Why it can neither read nor save at the moment. */
  get outage(): string | null {
    return this.#outage;
  }

  /** Whose lease it waits for, in words; null where this host pumps. */
  get standsByFor(): string | null {
    return this.#checkpoint.lease?.cause ?? null;
  }

  /** Another host has released the pump's lease. */
  takeOver(): void {
    const { lease } = this.#checkpoint;
    if (!lease?.cause) return;
    lease.isFreed();
    this.wake();
  }

  /** `isHeld`: hands nothing over before `release`. */
  async start(isHeld: () => boolean): Promise<void> {
    await this.#checkpoint.load();
    this.#paused = await this.#isPauseWanted();
    // Asked last: a release may come while the engine answers.
    this.#held = isHeld();
    this.#outage = null;
    this.#stopping = false;
    this.#loop = this.#run();
  }

  /** There may be something new, up to `head` where it is known. */
  wake(head?: number): void {
    if (head !== undefined) this.#measure(head);
    // What is new is no news for who stands by.
    if (head === undefined || this.#checkpoint.isHeld) this.#signal.notify();
  }

  release(): void {
    this.#held = false;
    this.wake();
  }

  /** Answers when no local handler is running any more, hung ones excepted. */
  async pause(): Promise<void> {
    this.#paused = true;
    const idle = new Promise<void>((resolve) => this.#waitingForIdle.push(resolve));
    this.wake();
    await idle;
  }

  resume(): void {
    this.#paused = false;
    for (const tell of this.#waitingForIdle.splice(0)) tell();
    this.wake();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.wake();
    await this.#loop;
    this.#loop = null;
    this.#timeLimit.end();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        if (this.#isShared) await this.#look();
        // Held while it is paused, too: by the lease one knows that a host runs.
        const isAtEnd = this.#held || !(await this.#checkpoint.acquire()) || this.#paused || (await this.#pumpPage());
        if (this.#metrics) this.#measure(await this.#log.head());
        if (isAtEnd) {
          const restMs = await this.#rest();
          this.#outage = null;
          this.#tellIdle();
          if (!this.#stopping) await this.#signal.wait(restMs);
        } else {
          // Local handlers may all be synchronous: others get their turn between two pages.
          await new Promise((turn) => setImmediate(turn));
        }
      } catch (error) {
        this.#metrics?.pumpLag(NaN);
        this.#noteOutage(error);
        this.#tellIdle();
        if (!this.#stopping) await this.#signal.wait(times.poll.everyMs);
      }
    }
    await this.#checkpoint
      .save()
      .catch((error: unknown) => this.#warn("The pump's checkpoint was not saved", { error: String(error) }));
    await this.#checkpoint.release();
    if (this.#isShared) this.#onRelease();
    this.#metrics?.pumpLag(NaN);
    this.#tellIdle();
  }

  #noteOutage(error: unknown): void {
    const cause = error instanceof Error ? error.message : String(error);
    if (this.#outage !== cause) this.#warn("The pump cannot read or save; it tries again", { error: String(error) });
    this.#outage = cause;
  }

  /** As another host may have said: who waits for a pause that was taken back since need not wait any longer. */
  async #look(): Promise<void> {
    const waiting = new Set(this.#waitingForIdle);
    this.#paused = await this.#isPauseWanted();
    if (this.#paused) return;
    this.#waitingForIdle = this.#waitingForIdle.filter((tell) => !waiting.has(tell));
    for (const tell of waiting) tell();
  }

  /**
   * How long to wait for news. The checkpoint is written when it is due, also here: a lone append would otherwise pay for
   * two commits.
   */
  async #rest(): Promise<number> {
    const { dueInMs } = this.#checkpoint;
    if (dueInMs > 0 && !this.#paused) return dueInMs;
    await this.#checkpoint.save();
    return Math.min(times.poll.everyMs, Math.max(this.#checkpoint.lease?.restMs ?? Infinity, 0));
  }

  #measure(head: number): void {
    this.#metrics?.pumpLag(Math.max(head - this.position, 0));
  }

  #tellIdle(): void {
    if (!this.#paused && !this.#stopping) return;
    for (const tell of this.#waitingForIdle.splice(0)) tell();
  }

  /** Whether the end of the log was reached. */
  async #pumpPage(): Promise<boolean> {
    const damaged = new Map<string, DamagedEventError>();
    const onDamaged = (error: DamagedEventError) => void damaged.set((error.data as { id: string }).id, error);
    const page = await this.#log.read({ after: this.position, limit: this.#options.batchSize, onDamaged });
    for (const event of page.events) {
      if (this.#paused || this.#stopping || !this.#checkpoint.isHeld) return false;
      // The framework's own events are no news for listeners, and Moleculer's own events begin with `$` too.
      const defect = damaged.get(event.id);
      if (defect) this.#warn("An event is damaged; listeners do not get it", { error: defect.message });
      else if (!isReserved(event.type)) await this.#handOver(event);
      this.#checkpoint.pass(event.position);
      if (this.#checkpoint.dueInMs === 0) await this.#checkpoint.save();
    }
    return page.end;
  }

  async #handOver(event: RecordedEvent): Promise<void> {
    const { type, position } = event;
    try {
      await this.#timeLimit.wait(type, this.#deliver(event));
    } catch (error) {
      if (error instanceof Errors.RequestTimeoutError)
        this.#warn(
          `A handler of ${type} takes longer than ${this.#options.timeoutMs} ms; the pump goes on without it`,
          { position },
        );
      else this.#warn(`The broker refused ${type}`, { position, error: String(error) });
    }
  }
}

import type { Lease, LeaseAnswer } from "../../core/log/control.ts";
import { newEventId } from "../../core/event/event-id.ts";
import { LeaseWatch, nodeOf } from "../../core/consumer/lease-watch.ts";
import { times } from "../../core/concurrency/times.ts";
import { silent, StateLog } from "../../core/text/state-log.ts";

/** Where a lease is kept. */
export interface LeaseSource {
  /** For so long after a renewal the holder acts on it. */
  readonly leaseMs: number;
  takeLease(holder: string, ttlMs: number, lapsed?: string): Promise<LeaseAnswer>;
  /** `to`: the node that is to take it; others that hear of the release wait for their next look. */
  releaseLease(lease: Lease, to?: string): Promise<void>;
}

/** The state of a lease in the operator's log before the first answer, and after it was lost or released. */
export const notHeld = "not held";

/** So often a lease is renewed while it lasts: two renewals in a row may be lost. */
const renewals = 3;

/**
 * One node's side of a lease: takes it, renews it, and knows by its own clocks when another node may have it. While
 * another node has it, this one measures how long that one has not renewed it.
 */
export class LeaseHold {
  readonly #source: LeaseSource;
  readonly #holder: string;
  readonly #log: StateLog;
  readonly #watch = new LeaseWatch();
  #lease: Lease | null = null;
  #since = { monotonic: 0, wall: 0 };
  #timer: NodeJS.Timeout | undefined;
  readonly #unanswered = new Set<Promise<void>>();
  /** Another had it when it was asked for; as `performance.now()` counts. */
  #refusedAt = -Infinity;

  /** Named after its node and this start, since what a process knew has died with it. */
  constructor(source: LeaseSource, node: string, log = new StateLog("lease", notHeld, silent)) {
    this.#source = source;
    this.#log = log;
    this.#holder = `${node}/${newEventId()}`;
  }

  get lease(): Lease | null {
    return this.#lease;
  }

  get ttlMs(): number {
    return this.#source.leaseMs;
  }

  /** Ends before another node can take it: that one counts from when it has seen a renewal, this one from before it sent it. */
  get isCertain(): boolean {
    // Each clock is compared with itself. A machine that was suspended may have stood still by one of the two.
    const age = Math.max(performance.now() - this.#since.monotonic, Date.now() - this.#since.wall);
    return this.#lease !== null && age < this.ttlMs;
  }

  /** Why this node waits; null where no other node has it. */
  get cause(): string | null {
    return this.#watch.causeAt(performance.now());
  }

  /** The other process that has it, `<node>/<id of its start>`; null where none has. */
  get heldBy(): string | null {
    return this.#watch.heldBy?.holder ?? null;
  }

  /** How long until it can be taken over, if it is not renewed until then; infinite where no other node has it. */
  get restMs(): number {
    return this.#watch.restMs(performance.now());
  }

  /** Another node has released it. Returns whether this node waits for it: then it is to ask at once. */
  isFreed(): boolean {
    if (this.cause !== null) this.#refusedAt = -Infinity;
    return this.cause !== null;
  }

  /** Takes it where it is not held for certain, and renews it from then on; null while another has it. */
  async acquire(): Promise<Lease | null> {
    if (this.isCertain) return this.#lease;
    const since = moment();
    const lapsed = this.#watch.lapsedAt(since.monotonic);
    // A standby may have reason to look again and again, and none to ask as often.
    if (lapsed === undefined && since.monotonic - this.#refusedAt < times.lease.retryMs) return null;
    this.lose("it was not renewed in time");
    const { lease, heldBy } = await this.#source.takeLease(this.#holder, this.ttlMs, lapsed);
    this.#watch.record(heldBy, performance.now());
    if (!lease) {
      this.#refusedAt = since.monotonic;
      const holder = heldBy?.holder ?? "unknown";
      this.#log.change(`held by ${nodeOf(holder)}`, () => ({ holder, ttlMs: heldBy?.ttlMs }));
    } else {
      this.#log.change("held here", () => ({
        epoch: lease.epoch,
        holder: this.#holder,
        isLapsed: lapsed !== undefined,
      }));
      this.#lease = lease;
      this.#since = since;
      // By the clock, not by the page: one event may take longer than the lease lives.
      this.#timer = setInterval(() => this.#renew(lease), this.ttlMs / renewals).unref();
    }
    return lease;
  }

  /** Beside one that has no answer yet: its message may be lost, and the next one is in time. */
  #renew(lease: Lease): void {
    if (this.#unanswered.size >= renewals) return;
    const renewal = this.#renewed(lease).finally(() => this.#unanswered.delete(renewal));
    this.#unanswered.add(renewal);
  }

  async #renewed(lease: Lease): Promise<void> {
    const since = moment();
    try {
      const answer = await this.#source.takeLease(this.#holder, this.ttlMs);
      if (this.#lease !== lease) return;
      // Under another epoch it was released, or another node has had it in between.
      if (answer.lease?.epoch !== lease.epoch)
        this.lose(
          `its epoch is ${lease.epoch}, and the store has ${answer.lease?.epoch ?? "given it to another node"}`,
        );
      else if (since.monotonic > this.#since.monotonic) this.#since = since;
    } catch {
      // The store does not answer: when the lease's time is over, it is not certain any more.
    }
  }

  /** Another may hold it, or may have held it. */
  lose(cause = "another node may hold it"): void {
    const epoch = this.#lease?.epoch;
    if (this.#lease) this.#log.change(notHeld, () => ({ epoch, cause }));
    this.#lease = null;
    clearInterval(this.#timer);
  }

  /** After what was sent: a renewal that comes behind the release would take the lease again. */
  async release(to?: string): Promise<void> {
    const lease = this.#lease;
    this.lose(to === undefined ? "released" : `released for ${to}`);
    // This node must not be ahead of the one that is to take it.
    if (to !== undefined) this.#refusedAt = performance.now();
    await Promise.all(this.#unanswered);
    if (lease) await this.#source.releaseLease(lease, to);
  }
}

const moment = () => ({ monotonic: performance.now(), wall: Date.now() });

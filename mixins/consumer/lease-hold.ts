import type { Lease, LeaseAnswer } from "../../core/log/control.ts";
import { newEventId } from "../../core/event/event-id.ts";
import { LeaseWatch, nodeOf } from "../../core/consumer/lease-watch.ts";
import { times } from "../../core/concurrency/times.ts";
import { silent, StateLog } from "../../core/text/state-log.ts";

/** The store of a lease. */
export interface LeaseSource {
  /** How long the holder relies on the lease after a renewal. */
  readonly leaseMs: number;
  takeLease(holder: string, ttlMs: number, lapsed?: string): Promise<LeaseAnswer>;
  /** `to`: the node that takes the lease next. Other nodes ignore the release until their next poll. */
  releaseLease(lease: Lease, to?: string): Promise<void>;
}

/** The state of a lease in the operator's log before the first answer, and after it was lost or released. */
export const notHeld = "not held";

/** Renewals per lease duration: two renewals in a row may be lost. */
const renewals = 3;

/**
 * One node's side of a lease: takes it, renews it, and determines by local clocks when another node may have it. While
 * another node has the lease, this node measures how long it has not been renewed.
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
  /** When the lease was last refused because another node had it, in `performance.now()` time. */
  #refusedAt = -Infinity;

  /** The holder's id contains its node and the id of this start, because a process loses its state when it dies. */
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

  /**
   * Ends before another node can take the lease: the other node counts from when it has seen a renewal, this one from
   * before it sent the renewal.
   */
  get isCertain(): boolean {
    // Each clock is compared with itself. While a machine is suspended, one of the two clocks may stop.
    const age = Math.max(performance.now() - this.#since.monotonic, Date.now() - this.#since.wall);
    return this.#lease !== null && age < this.ttlMs;
  }

  /** Why this node waits; null if no other node has the lease. */
  get cause(): string | null {
    return this.#watch.causeAt(performance.now());
  }

  /** The other process that has the lease, `<node>/<id of its start>`; null if there is none. */
  get otherHolder(): string | null {
    return this.#watch.current?.holder ?? null;
  }

  /** How long until the lease can be taken over if it is not renewed; Infinity if no other node has it. */
  get restMs(): number {
    return this.#watch.restMs(performance.now());
  }

  /** Another node has released the lease. Returns whether this node waits for it and has to request it at once. */
  isFreed(): boolean {
    if (this.cause !== null) this.#refusedAt = -Infinity;
    return this.cause !== null;
  }

  /** Takes the lease if this node's is not certain, and renews it from then on. Null while another node has it. */
  async acquire(): Promise<Lease | null> {
    if (this.isCertain) return this.#lease;
    const since = moment();
    const lapsed = this.#watch.lapsedAt(since.monotonic);
    // A standby may have reason to poll often, but the lease need not be requested as often.
    if (lapsed === undefined && since.monotonic - this.#refusedAt < times.lease.retryMs) return null;
    this.lose("it was not renewed in time");
    const { lease, current } = await this.#source.takeLease(this.#holder, this.ttlMs, lapsed);
    this.#watch.record(current, performance.now());
    if (!lease) {
      this.#refusedAt = since.monotonic;
      const holder = current?.holder ?? "unknown";
      this.#log.change(`held by ${nodeOf(holder)}`, () => ({ holder, ttlMs: current?.ttlMs }));
    } else {
      this.#log.change("held here", () => ({
        epoch: lease.epoch,
        holder: this.#holder,
        isLapsed: lapsed !== undefined,
      }));
      this.#lease = lease;
      this.#since = since;
      // Renewed by a timer instead of once per page: one event may take longer than the lease lasts.
      this.#timer = setInterval(() => this.#renew(lease), this.ttlMs / renewals).unref();
    }
    return lease;
  }

  /** Sent even if an earlier renewal has no answer: its message may be lost, and this one is still in time. */
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
      // Under another epoch the lease was released, or another node has had it in between.
      if (answer.lease?.epoch !== lease.epoch)
        this.lose(
          `its epoch is ${lease.epoch}, and the store has ${answer.lease?.epoch ?? "given it to another node"}`,
        );
      else if (since.monotonic > this.#since.monotonic) this.#since = since;
    } catch {
      // The store does not respond. When the lease's time is over, the lease is no longer certain.
    }
  }

  /** Call when another node may hold the lease, or may have held it. */
  lose(cause = "another node may hold it"): void {
    const epoch = this.#lease?.epoch;
    if (this.#lease) this.#log.change(notHeld, () => ({ epoch, cause }));
    this.#lease = null;
    clearInterval(this.#timer);
  }

  /** Waits for the renewals in flight: a renewal that arrives after the release would take the lease again. */
  async release(to?: string): Promise<void> {
    const lease = this.#lease;
    this.lose(to === undefined ? "released" : `released for ${to}`);
    // This node must not request the lease before the node that is to take it.
    if (to !== undefined) this.#refusedAt = performance.now();
    await Promise.all(this.#unanswered);
    if (lease) await this.#source.releaseLease(lease, to);
  }
}

const moment = () => ({ monotonic: performance.now(), wall: Date.now() });

import type { Lease } from "../../core/event-log.ts";
import { times } from "../../core/times.ts";
import type { EventSource } from "./event-source.ts";

/** One node's side of a lease: takes it, renews it, and knows by its own clocks when it may have lapsed. */
export class LeaseHold {
  readonly #source: Pick<EventSource, "takeLease" | "releaseLease">;
  readonly #holder: string;
  #lease: Lease | null = null;
  #since = { monotonic: 0, wall: 0 };
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> | null = null;
  /** Another had it when it was asked for; as `performance.now()` counts. */
  #refusedAt = -Infinity;

  /** `holder` must differ from start to start: what a process knew has died with it. */
  constructor(source: Pick<EventSource, "takeLease" | "releaseLease">, holder: string) {
    this.#source = source;
    this.#holder = holder;
  }

  get lease(): Lease | null {
    return this.#lease;
  }

  /** Not after the time that the engine counts: this clock was started before the lease was granted. */
  get isCertain(): boolean {
    // A machine that was suspended may have stood still by one of the two clocks.
    const age = Math.max(performance.now() - this.#since.monotonic, Date.now() - this.#since.wall);
    return this.#lease !== null && age < times.lease.lastsMs;
  }

  /** Takes it where it is not held for certain, and renews it from then on; null while another has it. */
  async hold(): Promise<Lease | null> {
    if (this.isCertain) return this.#lease;
    // A standby may have reason to look again and again, and none to ask as often.
    if (performance.now() - this.#refusedAt < times.lease.askAgainMs) return null;
    this.lose();
    await this.#renewing;
    const since = moment();
    this.#lease = await this.#source.takeLease(this.#holder, times.lease.lastsMs);
    this.#since = since;
    if (!this.#lease) this.#refusedAt = since.monotonic;
    // By the clock, not by the page: one event may take longer than the lease lives.
    if (this.#lease)
      this.#timer = setInterval(() => void (this.#renewing ??= this.#renew()), times.lease.renewEveryMs).unref();
    return this.#lease;
  }

  async #renew(): Promise<void> {
    const lease = this.#lease;
    const since = moment();
    try {
      const renewed = await this.#source.takeLease(this.#holder, times.lease.lastsMs);
      if (this.#lease !== lease) return;
      // Granted anew, with another epoch, it had lapsed: somebody else may have had it in between.
      if (renewed?.epoch === lease?.epoch) this.#since = since;
      else this.lose();
    } catch {
      // The store does not answer: when the lease's time is over, it is not certain any more.
    } finally {
      this.#renewing = null;
    }
  }

  /** Another may hold it, or may have held it. */
  lose(): void {
    this.#lease = null;
    clearInterval(this.#timer);
  }

  async release(): Promise<void> {
    const lease = this.#lease;
    this.lose();
    await this.#renewing;
    if (lease) await this.#source.releaseLease(lease);
  }
}

const moment = () => ({ monotonic: performance.now(), wall: Date.now() });

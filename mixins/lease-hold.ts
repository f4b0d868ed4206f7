import type { Lease } from "../core/event-log.ts";
import type { EventSource } from "./event-source.ts";

/** A lease falls free so long after its holder was last heard of. */
const ttlMs = 6000;
const renewEveryMs = 2000;

/** One node's side of a lease: takes it, renews it, and knows by its own clocks when it may have lapsed. */
export class LeaseHold {
  readonly #source: EventSource;
  readonly #holder: string;
  #lease: Lease | null = null;
  #since = { monotonic: 0, wall: 0 };

  /** `holder` must differ from start to start: what a process knew has died with it. */
  constructor(source: EventSource, holder: string) {
    this.#source = source;
    this.#holder = holder;
  }

  get lease(): Lease | null {
    return this.#lease;
  }

  /** Not after the time that the engine counts: this clock was started before the lease was granted. */
  get isCertain(): boolean {
    return this.#lease !== null && this.#ageMs() < ttlMs;
  }

  #ageMs(): number {
    // A machine that was suspended may have stood still by one of the two.
    return Math.max(performance.now() - this.#since.monotonic, Date.now() - this.#since.wall);
  }

  /** Takes or renews it where that is due; null while another has it. */
  async hold(): Promise<Lease | null> {
    if (this.#lease && this.#ageMs() < renewEveryMs) return this.#lease;
    const since = { monotonic: performance.now(), wall: Date.now() };
    this.#lease = await this.#source.takeLease(this.#holder, ttlMs);
    this.#since = since;
    return this.#lease;
  }

  /** Another holder has written: whatever is known here is old. */
  lose(): void {
    this.#lease = null;
  }

  async release(): Promise<void> {
    const lease = this.#lease;
    this.#lease = null;
    if (lease) await this.#source.releaseLease(lease);
  }
}

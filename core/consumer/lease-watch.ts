import type { CurrentLease } from "../log/control.ts";

/**
 * Measures how long another holder has not renewed its lease, by the monotonic clock of the waiting process. Clocks of
 * different machines are never compared: the waiting process counts from its first look at a renewal, so it never takes
 * the lease before its holder has stepped down.
 */
export class LeaseWatch {
  #seen: CurrentLease | null = null;
  #since = 0;

  /** Records a response that arrived at `now` (`performance.now()`); null if no other holder has the lease. */
  record(current: CurrentLease | null, now: number): void {
    if (current?.mark !== this.#seen?.mark) this.#since = now;
    this.#seen = current;
  }

  get current(): CurrentLease | null {
    return this.#seen;
  }

  /** The mark with which the lease can be taken over; undefined while it has not lapsed. */
  lapsedAt(now: number): string | undefined {
    return this.#seen && this.restMs(now) <= 0 ? this.#seen.mark : undefined;
  }

  /** Time until the lease lapses unless it is renewed; Infinity if no other holder has it. */
  restMs(now: number): number {
    return this.#seen ? this.#since + this.#seen.ttlMs - now : Infinity;
  }

  /** The cause for a status; null if no other holder has it. */
  causeAt(now: number): string | null {
    if (!this.#seen) return null;
    const { holder, ttlMs } = this.#seen;
    const seconds = (ms: number) => `${Math.round(ms / 100) / 10} s`;
    return `waits for the lease of node ${nodeOf(holder)}, unchanged for ${seconds(now - this.#since)} of ${seconds(ttlMs)}`;
  }
}

/** A holder is named `<node>/<id of its start>`. */
export const nodeOf = (holder: string) => holder.slice(0, Math.max(holder.lastIndexOf("/"), 0)) || holder;

import { times } from "../../../core/concurrency/times.ts";

/** A host that has added without a break for so many times the duration of one addition makes one. */
const busyTimes = 30;
/** Another host may have to find that it was overtaken, to look, and to add, and all of it twice. */
const breakTimes = 4;
/** Of so many additions the shortest counts: the silence of a server, and a stop of this process, lengthen one of them. */
const remembered = 5;

/**
 * Breaks that a busy host makes for others: a host that has to look before it adds is otherwise always overtaken by the
 * one that knows the chain's end because it made it. So hosts that are busy at once take turns in longer stretches. All
 * times are as `performance.now()` counts.
 */
export class Fairness {
  #busySince = 0;
  #lastEnd = 0;
  #lasted: number[] = [];

  added(began: number, ended: number): void {
    this.#lastEnd = ended;
    this.#lasted = [...this.#lasted, ended - began].slice(-remembered);
  }

  overtaken(now: number): void {
    this.#busySince = now;
  }

  /** How long to wait before an addition at `now`; 0 while no break is due. */
  pauseMs(now: number): number {
    const usualMs = this.#lasted.length > 0 ? Math.min(...this.#lasted) : 0;
    if (now - this.#lastEnd > usualMs) this.#busySince = now;
    const { leastMs, mostMs, longestBreakMs } = times.fairness;
    const mayBeBusyMs = Math.max(leastMs, Math.min(busyTimes * usualMs, mostMs));
    return now - this.#busySince < mayBeBusyMs ? 0 : Math.min(breakTimes * usualMs, longestBreakMs);
  }

  /** A break has ended. */
  rested(now: number): void {
    this.#busySince = this.#lastEnd = now;
  }
}

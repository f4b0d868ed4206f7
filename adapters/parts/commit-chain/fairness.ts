import { times } from "../../../core/concurrency/times.ts";

/** A host pauses after adding without a pause for this many times the duration of one addition. */
const busyTimes = 30;
/** The pause, in durations of one addition. Another host has to detect a lost race, catch up and add, perhaps twice. */
const pauseTimes = 4;
/**
 * The shortest of this many additions counts, because a silent server or a stopped process may lengthen one of them.
 */
const remembered = 5;

/**
 * Pauses of a busy host, so that other hosts can commit. The host of the last commit need not catch up before the next
 * one, and would otherwise always be first. Busy hosts thus take turns. Times are those of `performance.now()`.
 */
export class Fairness {
  #busySince = 0;
  #lastEnd = 0;
  #durations: number[] = [];

  added(began: number, ended: number): void {
    this.#lastEnd = ended;
    this.#durations = [...this.#durations, ended - began].slice(-remembered);
  }

  overtaken(now: number): void {
    this.#busySince = now;
  }

  /** How long to wait before an addition at `now`; 0 if no pause is due. */
  pauseMs(now: number): number {
    const usualMs = this.#durations.length > 0 ? Math.min(...this.#durations) : 0;
    if (now - this.#lastEnd > usualMs) this.#busySince = now;
    const { leastMs, mostMs, longestBreakMs } = times.fairness;
    const mayBeBusyMs = Math.max(leastMs, Math.min(busyTimes * usualMs, mostMs));
    return now - this.#busySince < mayBeBusyMs ? 0 : Math.min(pauseTimes * usualMs, longestBreakMs);
  }

  paused(now: number): void {
    this.#busySince = this.#lastEnd = now;
  }
}

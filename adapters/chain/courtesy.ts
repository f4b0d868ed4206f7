import { times } from "../../core/times.ts";

/**
 * A host that adds without a break for so many times as long as one addition takes makes one; and no later, since who
 * waits for it has a patience that ends.
 */
const busyTimes = 30;

/**
 * Breaks that a busy host makes for others: whoever has to look before he adds is otherwise always overtaken by one who
 * knows the chain's end, since it is he who makes it. So hosts that are busy at once take turns in longer stretches.
 */
export class Courtesy {
  #busySince = 0;
  #lastEnd = 0;
  #addMs = 0;

  /** Told after each addition when it began: `performance.now()`. */
  added(began: number): void {
    this.#lastEnd = performance.now();
    this.#addMs = this.#lastEnd - began;
  }

  overtaken(): void {
    this.#busySince = performance.now();
  }

  /**
   * To be awaited before an addition. In a break it looks as others do, and waits for as long as one of them may need:
   * to find that he was overtaken, to look, and to add, twice.
   */
  async breakIfBusy(look: () => Promise<unknown>): Promise<void> {
    const now = performance.now();
    if (now - this.#lastEnd > this.#addMs) this.#busySince = now;
    const { leastMs, mostMs } = times.fairness;
    const mayBeBusyMs = Math.max(leastMs, Math.min(busyTimes * this.#addMs, mostMs));
    if (now - this.#busySince < mayBeBusyMs) return;
    await look();
    const lookMs = performance.now() - now;
    await new Promise((turn) => setTimeout(turn, 2 * (this.#addMs + lookMs)));
    this.#busySince = this.#lastEnd = performance.now();
  }
}

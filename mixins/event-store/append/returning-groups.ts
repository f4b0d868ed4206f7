/** Of so many returns half were quicker than the usual one. */
const remembered = 9;
/** However slow the engine is. */
const longestWaitMs = 100;

/**
 * Groups of other hosts come back soon after they were answered, as their callers append again; but the next commit would
 * have begun by then, and each of them would be in every second commit alone. So a commit waits for those that the last
 * one has answered, where they usually come within half the time that a commit takes: then all callers gain by it. All
 * times are as `performance.now()` counts.
 */
export class ReturningGroups {
  #missing = 0;
  #answeredAt = 0;
  #commitMs = 0;
  #returnMs: number[] = [];
  #allAreHere = () => {};

  /** A commit is over that had so many of them. */
  answered(groups: number, began: number, now: number): void {
    if (groups === 0) return;
    this.#missing = groups;
    this.#answeredAt = now;
    this.#commitMs = now - began;
  }

  arrived(now: number): void {
    if (this.#missing === 0) return;
    this.#returnMs = [...this.#returnMs, now - this.#answeredAt].slice(-remembered);
    if (--this.#missing === 0) this.#allAreHere();
  }

  /** For how long the next commit is to wait at most; 0 where it would not gain. */
  waitMs(now: number): number {
    if (this.#missing === 0) return 0;
    const worthMs = Math.min(this.#commitMs / 2, longestWaitMs);
    const usualMs = this.#returnMs.toSorted((a, b) => a - b)[this.#returnMs.length >> 1] ?? worthMs / 2;
    return usualMs > worthMs ? 0 : Math.max(0, Math.min(2 * usualMs, worthMs) - (now - this.#answeredAt));
  }

  /** Resolves when all of them are here, or it has waited for long enough. */
  async all(): Promise<void> {
    const waitMs = this.waitMs(performance.now());
    if (waitMs === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#allAreHere = resolve;
    const timer = setTimeout(resolve, waitMs);
    await promise;
    clearTimeout(timer);
  }
}

/** The median is taken of so many recent return times. */
const remembered = 9;
/** The longest wait, even if the engine is slow. */
const longestWaitMs = 100;

/**
 * Delays a commit for groups of other hosts. After a commit, the callers of a group append again, and their host sends the
 * next group soon. Without a wait the next commit would have begun by then, so each group would be in every second commit
 * only. The wait pays if groups usually return within half the duration of a commit. All times are `performance.now()`.
 */
export class ReturningGroups {
  #missing = 0;
  #committedAt = 0;
  #commitMs = 0;
  #returnMs: number[] = [];
  #allAreHere = () => {};

  /** Records a commit with so many groups. */
  committed(groups: number, began: number, now: number): void {
    if (groups === 0) return;
    this.#missing = groups;
    this.#committedAt = now;
    this.#commitMs = now - began;
  }

  arrived(now: number): void {
    if (this.#missing === 0) return;
    this.#returnMs = [...this.#returnMs, now - this.#committedAt].slice(-remembered);
    if (--this.#missing === 0) this.#allAreHere();
  }

  /** How long the next commit waits at most; 0 if waiting does not pay. */
  waitMs(now: number): number {
    if (this.#missing === 0) return 0;
    const worthMs = Math.min(this.#commitMs / 2, longestWaitMs);
    const usualMs = this.#returnMs.toSorted((a, b) => a - b)[this.#returnMs.length >> 1] ?? worthMs / 2;
    return usualMs > worthMs ? 0 : Math.max(0, Math.min(2 * usualMs, worthMs) - (now - this.#committedAt));
  }

  /** Resolves when all groups of the last commit have returned, or after `waitMs`. */
  async wait(): Promise<void> {
    const waitMs = this.waitMs(performance.now());
    if (waitMs === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#allAreHere = resolve;
    const timer = setTimeout(resolve, waitMs);
    await promise;
    clearTimeout(timer);
  }
}

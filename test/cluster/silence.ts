/** The longest time between two marks, in milliseconds, from `begin` on. */
export class Silence {
  #last = performance.now();
  #longest = 0;

  begin(): void {
    this.#last = performance.now();
    this.#longest = 0;
  }

  mark(): void {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#last);
    this.#last = now;
  }

  /** Includes the time since the last mark. */
  get longestMs(): number {
    return Math.round(Math.max(this.#longest, performance.now() - this.#last));
  }
}

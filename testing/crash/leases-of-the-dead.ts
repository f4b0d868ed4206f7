import type { Life } from "./life.ts";

/** Who asked for leases, by the life in which they did. */
export class LeasesOfTheDead {
  readonly #lives = new Map<string, Life>();

  note(holder: string, life: Life): void {
    this.#lives.set(holder, life);
  }

  isOfDead(holder: string): boolean {
    return this.#lives.get(holder)?.hasEnded === true;
  }
}

import type { Life } from "./life.ts";

/** The process lifetimes in which holders acquired leases. */
export class LeasesOfTheDead {
  readonly #lives = new Map<string, Life>();

  note(holder: string, life: Life): void {
    this.#lives.set(holder, life);
  }

  isOfDead(holder: string): boolean {
    return this.#lives.get(holder)?.hasEnded === true;
  }
}

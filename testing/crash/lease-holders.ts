import type { ProcessLifetime } from "./process-lifetime.ts";

/** The process lifetimes in which holders acquired leases. */
export class LeaseHolders {
  readonly lifetimes = new Map<string, ProcessLifetime>();

  record(holder: string, life: ProcessLifetime): void {
    this.lifetimes.set(holder, life);
  }

  hasCrashed(holder: string): boolean {
    return this.lifetimes.get(holder)?.hasEnded === true;
  }
}

import { times } from "../../../core/concurrency/times.ts";

/** Which nodes have sent appends lately. All times are as `performance.now()` counts. */
export class Senders {
  readonly #sentAt = new Map<string, number>();

  note(node: string, now: number): void {
    this.#sentAt.set(node, now);
  }

  /** Whether another node than this one has. */
  isAnyBut(node: string, now: number): boolean {
    for (const [other, at] of this.#sentAt) {
      if (now - at > times.relay.recentMs) this.#sentAt.delete(other);
      else if (other !== node) return true;
    }
    return false;
  }
}

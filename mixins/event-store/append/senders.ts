import { times } from "../../../core/concurrency/times.ts";

/** The nodes that have recently sent appends. All times are `performance.now()`. */
export class Senders {
  readonly #sentAt = new Map<string, number>();

  record(node: string, now: number): void {
    this.#sentAt.set(node, now);
  }

  /** True if a node other than `node` has recently sent appends. */
  hasOther(node: string, now: number): boolean {
    for (const [other, at] of this.#sentAt) {
      if (now - at > times.relay.recentMs) this.#sentAt.delete(other);
      else if (other !== node) return true;
    }
    return false;
  }
}

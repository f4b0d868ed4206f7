import { times } from "../../../core/concurrency/times.ts";
import type { Committers } from "./committers.ts";

/**
 * Chooses the node that a host relays its appends to. A host commits itself if it is not overtaken, or if no other
 * host relays to the leader: the extra hop would only cost time. Times are those of `performance.now()`.
 */
export class RelayTarget {
  readonly #node: string;
  readonly #committers: () => Committers;
  #sendsUntil = 0;
  /** Nodes that failed, with the time until which each is avoided. */
  readonly #avoided = new Map<string, number>();

  /** @param node this host's node */
  constructor(node: string, committers: () => Committers) {
    this.#node = node;
    this.#committers = committers;
  }

  /** Null if this host commits its appends itself. */
  at(now: number): string | null {
    if (now >= this.#sendsUntil) return null;
    const leader = this.#committers().leader(now, (node) => now >= (this.#avoided.get(node) ?? 0));
    return leader === this.#node ? null : leader;
  }

  overtaken(now: number): void {
    this.#sendsUntil = now + times.relay.recentMs;
  }

  answered(isShared: boolean, now: number): void {
    this.#sendsUntil = isShared ? now + times.relay.recentMs : 0;
  }

  failed(node: string, now: number): void {
    for (const [other, until] of this.#avoided) if (now >= until) this.#avoided.delete(other);
    this.#avoided.set(node, now + times.relay.avoidMs);
  }
}

import { times } from "../../../core/concurrency/times.ts";
import type { Committers } from "./committers.ts";

/**
 * To which node a host sends its appends. A host that is never overtaken, or shares the other one with nobody, commits them
 * itself: a hop would only cost. All times are as `performance.now()` counts.
 */
export class RelayTarget {
  readonly #node: string;
  readonly #committers: () => Committers;
  #sendsUntil = 0;
  /** Nodes that did not answer, or refused, each until when it is left alone. */
  readonly #avoided = new Map<string, number>();

  /** @param node this host's own */
  constructor(node: string, committers: () => Committers) {
    this.#node = node;
    this.#committers = committers;
  }

  /** Null: this host commits what it is sent. */
  at(now: number): string | null {
    if (now >= this.#sendsUntil) return null;
    const leader = this.#committers().leader(now, (node) => now >= (this.#avoided.get(node) ?? 0));
    return leader === this.#node ? null : leader;
  }

  /** Another host was first with a commit. */
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

import { createHash } from "node:crypto";
import { times } from "../../core/concurrency/times.ts";

interface Dependencies {
  consumer: string;
  node: string;
}

/**
 * Which node works for a consumer when all nodes are available: the one with the highest hash of its name and the
 * consumer's (rendezvous hashing). Each node gets its share, and a node that joins takes only its own share. The work
 * moves only to a node that has joined, at most once per join, and never because a node has left.
 */
export class Placement {
  readonly #d: Dependencies;
  #seen: ReadonlySet<string> = new Set();
  readonly #joined = new Set<string>();
  #since = 0;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /**
   * The node that the holder hands over to, or null. A standby calls this as well, so that it does not count a node as
   * just joined that was there before it began to work.
   * @param hosts the nodes that host the consumer, including this one
   */
  successorAt(now: number, hosts: readonly string[]): string | null {
    const joining = hosts.filter((host) => !this.#seen.has(host));
    this.#seen = new Set(hosts);
    if (joining.length > 0) this.#since = now;
    for (const host of joining) this.#joined.add(host);
    if (this.#joined.size === 0 || now - this.#since < times.lease.settleMs) return null;
    const first = firstOf(this.#d.consumer, hosts);
    const isDue = first !== this.#d.node && first !== undefined && this.#joined.has(first);
    this.#joined.clear();
    return isDue ? first : null;
  }
}

/** Undefined if there are no hosts. */
export function firstOf(consumer: string, hosts: readonly string[]): string | undefined {
  const rank = (host: string) =>
    createHash("sha256")
      .update(JSON.stringify([consumer, host]))
      .digest("hex");
  return hosts.map((host) => ({ host, rank: rank(host) })).toSorted((a, b) => (a.rank < b.rank ? 1 : -1))[0]?.host;
}

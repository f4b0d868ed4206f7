import { times } from "../../../core/concurrency/times.ts";

/**
 * The commits that count. With fewer, one lost race would change the leader; with more, a stopped leader would stay leader.
 */
const remembered = 32;

/**
 * The nodes that added the last commits of a chain. All hosts see the same commits in the same order, so hosts that
 * have folded equally far agree on the leader. Times are those of `performance.now()`.
 */
export class Committers {
  #last: { node: string; at: number }[] = [];

  record(nodes: readonly string[], now: number): void {
    if (nodes.length === 0) return;
    this.#last = [...this.#last, ...nodes.slice(-remembered).map((node) => ({ node, at: now }))].slice(-remembered);
  }

  /**
   * The node with the most of these commits, and the first by name of several such nodes. Null if no node that may lead
   * has added one within `times.relay.recentMs`.
   */
  leader(now: number, mayLead: (node: string) => boolean = () => true): string | null {
    const counts = new Map<string, number>();
    for (const { node, at } of this.#last)
      if (now - at <= times.relay.recentMs && mayLead(node)) counts.set(node, (counts.get(node) ?? 0) + 1);
    let leader: string | null = null;
    for (const [node, count] of counts) {
      const most = leader === null ? 0 : counts.get(leader)!;
      if (leader === null || count > most || (count === most && node < leader)) leader = node;
    }
    return leader;
  }
}

import { times } from "../../../core/concurrency/times.ts";

/** More than a few, so that one lost race changes no leader; few enough that a leader that went is forgotten at once. */
const remembered = 32;

/**
 * Which nodes have added the last commits of a chain. All hosts see the same commits in the same order, so those that have
 * seen as much name the same leader. All times are as `performance.now()` counts.
 */
export class Committers {
  #last: { node: string; at: number }[] = [];

  note(nodes: readonly string[], now: number): void {
    if (nodes.length === 0) return;
    this.#last = [...this.#last, ...nodes.slice(-remembered).map((node) => ({ node, at: now }))].slice(-remembered);
  }

  /**
   * The node with the most of these commits; of several the first by name. Null where none of those that may lead has
   * added one lately.
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

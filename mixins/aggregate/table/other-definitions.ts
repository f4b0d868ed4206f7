import { times } from "../../../core/concurrency/times.ts";
import type { ReadTable } from "../../../core/table/read-table.ts";
import type { EventSource } from "../../consumer/event-source.ts";
import type { TableState } from "./table-state.ts";

interface Dependencies {
  name: string;
  owner: string;
  table: Pick<ReadTable, "lives" | "dropOwner">;
  source: Pick<EventSource, "nodesOfOwner">;
  info: (message: string, details: object) => void;
}

/**
 * The generations of other definitions in a shared table. They stay for a while after the last node of their release has
 * left: if it is deployed again, it continues where it was.
 */
export class OtherDefinitions {
  readonly #d: Dependencies;
  /** Since when each check has found the owner without a node, in `performance.now()` time. */
  readonly #absentSince = new Map<string, number>();
  #checkedAt = -Infinity;
  #reached = 0;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** Notes how far the rows of other definitions are. Call at the start. */
  async compare(): Promise<void> {
    const lives = await this.#d.table.lives();
    this.#reached = Math.max(...lives.map(({ progress }) => progress.position));
  }

  /** Whether this definition's rows have still to reach what others had at the start: they were left when its nodes were. */
  areAheadOf({ live, successor, progress: { position } }: TableState): boolean {
    return live?.owner === this.#d.owner && successor === null && position < this.#reached;
  }

  /** Drops what no node has folded for long. Called by the node that folds this definition's table, at the log's end. */
  async tidy(): Promise<void> {
    const { name, owner: own, table, source, info } = this.#d;
    const { checkEveryMs, keptMs } = times.definitions;
    const now = performance.now();
    if (now - this.#checkedAt < checkEveryMs) return;
    // A table that is paused, or far behind, is not checked.
    if (now - this.#checkedAt > keptMs) this.#absentSince.clear();
    this.#checkedAt = now;
    for (const { owner, progress } of await table.lives()) {
      if (owner === own) continue;
      const absentSince = this.#absentSince.get(owner) ?? now;
      if (source.nodesOfOwner(name, owner).length > 0) this.#absentSince.delete(owner);
      else this.#absentSince.set(owner, absentSince);
      if (!this.#absentSince.has(owner) || now - absentSince < keptMs) continue;
      await table.dropOwner(owner);
      info(`${name}: the table of an earlier definition is removed, since no node runs it any more`, {
        definition: owner,
        position: progress.position,
      });
    }
  }
}

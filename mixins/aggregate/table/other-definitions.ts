import { times } from "../../../core/concurrency/times.ts";
import type { ReadTable } from "../../../core/table/read-table.ts";
import type { EventSource } from "../../consumer/event-source.ts";

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
  /** When a node of the owner was last seen, or its generation was first found without one, in `performance.now()` time. */
  readonly #seen = new Map<string, number>();
  #checkedAt = -Infinity;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** Drops what no node has folded for long. Called by the node that folds this definition's table, at the log's end. */
  async tidy(): Promise<void> {
    const { name, owner: own, table, source, info } = this.#d;
    const { checkEveryMs, keptMs } = times.definitions;
    const now = performance.now();
    if (now - this.#checkedAt < checkEveryMs) return;
    this.#checkedAt = now;
    for (const { owner, progress } of await table.lives()) {
      if (owner === own) continue;
      if (!this.#seen.has(owner) || source.nodesOfOwner(name, owner).length > 0) this.#seen.set(owner, now);
      if (now - this.#seen.get(owner)! < keptMs) continue;
      await table.dropOwner(owner);
      info(`${name}: the table of an earlier definition is removed, since no node runs it any more`, {
        definition: owner,
        position: progress.position,
      });
    }
  }
}

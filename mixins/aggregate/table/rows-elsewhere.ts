import { setTimeout as wait } from "node:timers/promises";
import { times } from "../../../core/concurrency/times.ts";
import type { EventSource } from "../../consumer/event-source.ts";
import type { CatchUp } from "./catch-up.ts";
import type { HostedTable } from "./hosted-table.ts";

type Table = Pick<HostedTable, "isFoldedElsewhere" | "foldingNodes" | "live" | "livePosition">;

interface Dependencies {
  name: string;
  source: Pick<EventSource, "page" | "eventAt" | "nobodyReads">;
}

/**
 * Ends the waits of readers while nodes of another definition fold the rows that answer queries. This node's own fold,
 * which may be slow, stopped or fail, does not show how far those rows are.
 */
export class RowsElsewhere {
  readonly #d: Dependencies;
  readonly #table: Table;
  readonly #catchUp: CatchUp;
  /** An operator has paused the table, on all nodes. */
  isPaused = false;
  #isWatching = false;

  constructor(dependencies: Dependencies, table: Table, catchUp: CatchUp) {
    this.#d = dependencies;
    this.#table = table;
    this.#catchUp = catchUp;
  }

  /** Other nodes fold the rows that answer queries, whatever stops the fold of this one. */
  get goOn(): boolean {
    return !this.isPaused && this.#table.isFoldedElsewhere;
  }

  /** Whether no node folds the rows beyond this position: those of their definition have left, or cannot read the next event. */
  async isEnd(position: number): Promise<boolean> {
    const { isFoldedElsewhere, foldingNodes, live } = this.#table;
    if (!isFoldedElsewhere) return foldingNodes.length === 0;
    const { name, source } = this.#d;
    const [next] = (await source.page(position, 1)).events;
    const stored = next ? await source.eventAt(next.position) : null;
    return stored !== null && source.nobodyReads(name, live.owner, stored);
  }

  /** Call when a reader has begun to wait. */
  watch(): void {
    if (!this.#isWatching) void this.#watch();
  }

  async #watch(): Promise<void> {
    this.#isWatching = true;
    while (this.#catchUp.isAwaited && this.#table.isFoldedElsewhere) {
      try {
        this.#catchUp.reach(await this.#table.livePosition());
      } catch {
        // The readers have a time-out, and the outage may end before.
      }
      await wait(times.poll.whileAwaitedMs);
    }
    this.#isWatching = false;
  }
}

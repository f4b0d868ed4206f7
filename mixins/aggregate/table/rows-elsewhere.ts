import { setTimeout as wait } from "node:timers/promises";
import { times } from "../../../core/concurrency/times.ts";
import type { CatchUp } from "./catch-up.ts";
import type { HostedTable } from "./hosted-table.ts";

/**
 * Ends the waits of readers while nodes of another definition fold the rows that answer queries. This node's own fold,
 * which may be slow, stopped or fail, does not show how far those rows are.
 */
export class RowsElsewhere {
  readonly #table: Pick<HostedTable, "isFoldedElsewhere" | "livePosition">;
  readonly #catchUp: CatchUp;
  /** An operator has paused the table, on all nodes. */
  isPaused = false;
  #isWatching = false;

  constructor(table: Pick<HostedTable, "isFoldedElsewhere" | "livePosition">, catchUp: CatchUp) {
    this.#table = table;
    this.#catchUp = catchUp;
  }

  /** Other nodes fold the rows that answer queries, whatever stops the fold of this one. */
  get goOn(): boolean {
    return !this.isPaused && this.#table.isFoldedElsewhere;
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

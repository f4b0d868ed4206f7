import type { RebuildRequest } from "../../../core/consumer/consumer-control.ts";
import type { Generation } from "../../../core/table/read-table.ts";
import type { RebuildProgress } from "./progress.ts";

/** What the node that folds a shared table broadcasts of the table that it builds. */
export interface ToldRebuild extends RebuildProgress {
  node: string;
  job: string;
  ended?: true;
}

/** How a standby sees the table: progress that was told under other circumstances is out of date. */
export interface StandbyView {
  /** Of the lease, `<node>/<id of its start>`; null where no other node has it. */
  holder: string | null;
  live: Generation | null;
}

/**
 * The progress of a rebuild that another node does, for the status of a standby. It is a hint that may get lost, the last
 * one as well: it holds until the table is switched, the lease passes to another process or the order ends.
 */
export class ToldProgress {
  #last: { told: ToldRebuild; holder: string; live: Generation | null } | null = null;

  /** Ignores nodes other than the holder, for example one that has just lost the lease. */
  note(told: ToldRebuild, { holder, live }: StandbyView): void {
    if (!holder?.startsWith(`${told.node}/`)) return;
    this.#last = told.ended ? null : { told, holder, live };
  }

  /** @param order the last one that was given, whether it is done or not */
  at({ holder, live }: StandbyView, order: RebuildRequest | null): false | RebuildProgress {
    if (this.#last?.holder !== holder || this.#last.live !== live) return false;
    const { job, done, total, rate, secondsLeft } = this.#last.told;
    const isOrdered = order !== null && order.ended === undefined && live?.origin.order !== order.id;
    // A table that is folded because its definition has changed has no order.
    return (isOrdered || job === "change") && { done, total, rate, secondsLeft };
  }
}

import type { RebuildRequest } from "../../../core/consumer/consumer-control.ts";
import type { Generation } from "../../../core/table/read-table.ts";
import type { RebuildProgress } from "./progress.ts";

/** The progress that the folding node of a shared table broadcasts about its build. */
export interface ReportedRebuild extends RebuildProgress {
  node: string;
  job: string;
  ended?: true;
}

/** How a standby sees the table. Progress that was broadcast under another view is out of date. */
export interface StandbyView {
  /** The holder of the lease, `<node>/<id of its start>`; null if no other node has it. */
  holder: string | null;
  live: Generation | null;
}

/**
 * The progress of a rebuild on another node, for the status of a standby. The broadcasts are hints, and even the last
 * one may get lost, so the progress is valid until the table is switched, the lease passes to another process, or the
 * request ends.
 */
export class ReportedProgress {
  #last: { report: ReportedRebuild; holder: string; live: Generation | null } | null = null;

  /** Ignores nodes other than the holder, for example one that has just lost the lease. */
  note(report: ReportedRebuild, { holder, live }: StandbyView): void {
    if (!holder?.startsWith(`${report.node}/`)) return;
    this.#last = report.ended ? null : { report, holder, live };
  }

  /** @param request the last request, whether it is done or not */
  at({ holder, live }: StandbyView, request: RebuildRequest | null): RebuildProgress | null {
    if (this.#last?.holder !== holder || this.#last.live !== live) return null;
    const { job, done, total, rate, secondsLeft } = this.#last.report;
    const isRequested = request !== null && request.ended === undefined && live?.origin.requestId !== request.id;
    // A table that is folded because its definition has changed has no request.
    return isRequested || job === "change" ? { done, total, rate, secondsLeft } : null;
  }
}

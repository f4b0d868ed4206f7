import type { NewerEvent } from "../../../core/catalogue/newer-event.ts";
import type { ConsumerMetrics } from "../../observability/metrics.ts";
import { progressOf, tooLong, type RebuildProgress } from "../rebuild/progress.ts";
import type { Rebuilder } from "../rebuild/rebuilder.ts";
import { ReportedProgress, type StandbyView, type ReportedRebuild } from "../rebuild/reported-progress.ts";
import type { HostedTable } from "./hosted-table.ts";

interface Dependencies {
  table: HostedTable;
  rebuilder: Rebuilder;
  metrics: ConsumerMetrics | null;
  readAfterTimeoutMs: number;
  onProgress: (job: string, progress: RebuildProgress | null) => void;
}

/** The progress of a table's new generation: measured if this host builds it, otherwise as broadcast by its builder. */
export class TableProgress {
  readonly #d: Dependencies;
  readonly #told = new ReportedProgress();
  /** The head of the last page. */
  #head = 0;
  #isReported = false;
  /** The event that the last page ended before, if only a newer release can read it. */
  #newer: NewerEvent | null = null;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  measure(head: number, newer: NewerEvent | null = this.#newer): void {
    this.#head = head;
    this.#newer = newer;
    const { metrics, onProgress, rebuilder, table } = this.#d;
    if (!metrics && !this.#isReported && !table.state.successor && !rebuilder.build) return;
    const progress = this.#own(head);
    metrics?.rebuilt(progress && progress.total > 0 ? progress.done / progress.total : 1);
    if (progress || this.#isReported) onProgress(rebuilder.build?.request.kind ?? "change", progress);
    this.#isReported = progress !== null;
  }

  #own(head: number | null): RebuildProgress | null {
    const { rebuilder, table } = this.#d;
    const { successor, progress } = table.state;
    // Before such an event nothing is folded.
    const isWaiting = (position: number) => this.#newer !== null && position >= this.#newer.position - 1;
    if (rebuilder.build) {
      const built = rebuilder.build.progress(this.#head);
      return isWaiting(built.done) ? { ...built, rate: 0, secondsLeft: null } : built;
    }
    if (isWaiting(progress.position)) return null;
    // A copy reaches the position of the live rows at once.
    const from = table.state.copy ? progress.position : 0;
    return successor && progressOf(progress.position, from, head ?? progress.position, successor.since);
  }

  /** Records a progress broadcast of another node. */
  noteReport(told: ReportedRebuild): void {
    this.#told.note(told, this.#standby);
  }

  /** The progress on the node that folds the table. */
  at(head: number | null): RebuildProgress | null {
    const { rebuilder, table } = this.#d;
    return table.state.fold ? this.#own(head) : this.#told.at(this.#standby, rebuilder.request);
  }

  /**
   * Why a reader would wait in vain for more than the live rows; null if another generation answers it in time.
   * @param isEnd nobody folds the live rows any further
   */
  standstill(head: number, isEnd = this.#d.table.foldingNodes.length === 0): string | null {
    return isEnd ? tooLong(this.at(head), this.#d.readAfterTimeoutMs) : null;
  }

  get #standby(): StandbyView {
    const { lease, state } = this.#d.table;
    return { holder: lease?.otherHolder ?? null, live: state.live };
  }
}

import type { ParkedChoice } from "../../../core/consumer/consumer-control.ts";
import type { Mapping } from "../../../core/rows/mapping.ts";
import type { Generation, ParkedEvent, Progress } from "../../../core/table/read-table.ts";
import { typeMatcher } from "../../../core/event/type-pattern.ts";
import type { ConsumerPage } from "../../consumer/consumer-page.ts";
import type { ErrorPolicy, Interruption } from "../../consumer/error-policy.ts";
import type { EventSource } from "../../consumer/event-source.ts";
import type { LeaseHold, LeaseSource } from "../../consumer/lease-hold.ts";
import type { Holding, Work } from "../../consumer/work.ts";
import type { ConsumerMetrics } from "../../observability/metrics.ts";
import type { FoldSpans } from "../../observability/spans.ts";
import { Fold } from "../fold/fold.ts";
import { listParked } from "../fold/parked-list.ts";
import type { Transform, Transforms } from "../fold/transform.ts";
import type { StartDependencies } from "../rebuild/definition-change.ts";
import type { RebuildProgress } from "../rebuild/progress.ts";
import { Rebuilder, type SnapshotSource } from "../rebuild/rebuilder.ts";
import { TimeShare } from "../rebuild/time-share.ts";
import { CatchUp } from "./catch-up.ts";
import { HostedTable } from "./hosted-table.ts";
import { TableProgress } from "./table-progress.ts";

export interface TableDependencies extends StartDependencies {
  node: string;
  store: string;
  snapshots: SnapshotSource;
  mappings: readonly Mapping<Transform>[];
  transforms: Transforms;
  source: Pick<EventSource, "page" | "streamPage" | "event" | "eventAt" | "change" | keyof LeaseSource>;
  /** What is being built and how far it is; null when it has ended. */
  onProgress: (job: string, progress: RebuildProgress | null) => void;
  policy: ErrorPolicy;
  metrics: ConsumerMetrics | null;
  spans: FoldSpans | null;
  /** The store has responded. */
  onPage: () => void;
  /** The rows that answer queries have changed. */
  onCommit: () => void;
}

/**
 * The work of an aggregate: the fold into its table, and a new generation beside it if the definition has changed or a
 * rebuild was requested. Of the nodes that share a table one folds it; the others look on.
 */
export class TableWorker implements Work {
  readonly catchUp: CatchUp;
  readonly rebuilder: Rebuilder;
  readonly table: HostedTable;
  readonly progressReport: TableProgress;
  /** The log's end, as the last page said. */
  head = 0;
  readonly #d: TableDependencies;
  readonly #interruption: Interruption;
  readonly #turns = new TimeShare();
  #skipped: ReadonlySet<string> = new Set();

  constructor(dependencies: TableDependencies, interruption: Interruption) {
    const { name, source } = dependencies;
    this.#d = dependencies;
    this.#interruption = interruption;
    this.catchUp = new CatchUp(name);
    this.rebuilder = new Rebuilder({
      ...dependencies,
      page: (after, limit) => source.page(after, limit),
      change: (change) => source.change(change),
      newFold: (generation) => this.#foldInto(generation),
      turns: this.#turns,
      takeOver: (generation, fold) => this.#takeOver(generation, fold),
      onProgress: () => this.progressReport.measure(this.head),
    });
    this.table = new HostedTable({
      ...dependencies,
      newFold: (generation) => this.#foldInto(generation),
      reloadBuild: () => this.rebuilder.reload(),
      onLeave: () => {
        this.rebuilder.leave();
        dependencies.onProgress("", null);
      },
    });
    this.progressReport = new TableProgress({ ...dependencies, table: this.table, rebuilder: this.rebuilder });
  }

  open(): Promise<void> {
    return this.table.open();
  }

  async close(): Promise<void> {
    this.rebuilder.stop();
    await this.table.close();
  }

  #foldInto(generation: Generation): Promise<Fold> {
    return Fold.on({
      ...this.#d,
      ...this.#interruption,
      generation,
      skipped: this.#skipped,
      isTimeUp: () => this.#turns.isOver,
      onCommit: (folded) => this.#committed(generation, folded),
    });
  }

  #committed(generation: Generation, folded: number): void {
    this.#d.metrics?.folded(folded);
    this.table.noteProgress();
    // What is folded beside the live generation changes no answer.
    if (generation === this.table.state.live) this.#answersChanged();
    else this.progressReport.measure(this.head);
  }

  #answersChanged(): void {
    this.progressReport.measure(this.head);
    this.#d.onCommit();
    this.#reach();
  }

  #reach(): void {
    const { successor, progress } = this.table.state;
    if (!successor && this.catchUp.isAwaited) this.catchUp.reach(progress.position);
  }

  get progress(): Readonly<Progress> {
    return this.table.state.progress;
  }

  get blockedBy(): string | null {
    return this.table.state.blockedBy;
  }

  get lease(): LeaseHold | null {
    return this.table.lease;
  }

  get isAwaited(): boolean {
    return this.table.state.fold === null && (this.catchUp.isAwaited || this.rebuilder.isAwaited);
  }

  get eventsPerPage(): number {
    return this.#turns.eventsPerPage;
  }

  acquire(): Holding | Promise<Holding> {
    this.#turns.begin();
    this.catchUp.readers.ask();
    this.rebuilder.ask();
    const holding = this.table.acquire();
    return holding === "kept" ? holding : this.#acquired(holding);
  }

  async #acquired(acquired: Holding | Promise<Holding>): Promise<Holding> {
    const holding = await acquired;
    // Another host may have moved the table on.
    if (holding === "other") this.#reach();
    return holding;
  }

  onPage({ head, control }: ConsumerPage): void {
    this.head = head;
    if (this.catchUp.isAwaited) this.catchUp.noteHead(this.#d.store, head);
    const { successor, progress } = this.table.state;
    this.rebuilder.note(control);
    if (!successor) this.rebuilder.watch(progress.position);
    this.progressReport.measure(head);
    this.#d.onPage();
  }

  handle(page: ConsumerPage): Promise<void> {
    return this.table.guard(async () => {
      const { successor, progress } = this.table.state;
      if (progress.position === 0 && !successor) await this.rebuilder.completeAtOnce();
      this.#turns.limit(this.rebuilder.isWanted);
      const isSwitched = await this.table.foldPage(this.table.state.fold!, page);
      const { position } = this.progress;
      const folded = page.events.findLastIndex((event) => event.position <= position) + 1;
      this.#turns.recordLive(folded, position >= page.position);
      if (isSwitched) {
        this.#answersChanged();
        this.#d.info(`${this.#d.name} answers from the new table`, { position });
      }
      // Standbys see the checkpoint only when it is written; events that are not mapped write none by themselves.
      if (this.table.isShared && page.end) await this.save();
      this.#reach();
    });
  }

  async backgroundStep(): Promise<"idle" | "more" | "restart"> {
    if (!this.rebuilder.hasWork) return "idle";
    this.#turns.yield();
    const advanced = await this.table.guard(() => this.rebuilder.advance());
    return advanced === "switched" ? "restart" : advanced;
  }

  async #takeOver(generation: Generation, fold: Fold): Promise<void> {
    await this.table.takeOver(generation, fold);
    this.#answersChanged();
  }

  async save(): Promise<void> {
    await this.table.state.fold?.save();
  }

  /** Of those that wait, the first ones, or the chosen one. */
  parked(choice: ParkedChoice): Promise<ParkedEvent[]> {
    const isMapped = typeMatcher(this.#d.mappings.map(({ pattern }) => pattern));
    const { parked, progress } = this.table.state;
    const { source } = this.#d;
    return listParked({ streams: parked.list(), position: progress.position, source, isMapped }, choice);
  }

  get parkedCount(): number {
    return this.table.state.parked.count;
  }

  get lastFailure(): string | undefined {
    return this.table.state.fold?.lastFailure;
  }

  get isTooOftenParked(): boolean {
    return this.table.state.fold?.isTooOftenParked ?? false;
  }

  forgetParkedInARow(): void {
    this.table.state.fold?.forgetParkedInARow();
  }

  rejectWaiters(why: string): void {
    if (this.#interruption.isStopping()) this.catchUp.rejectAll();
    else this.catchUp.rejectWaiters(this.progress.position, why);
  }

  skip(skipped: ReadonlySet<string>): Promise<void> {
    this.#skipped = skipped;
    return this.table.guard(() => this.table.state.fold!.skip(skipped));
  }

  retry(choice: ParkedChoice): Promise<void> {
    return this.table.guard(async () => {
      await this.table.state.fold!.late.choose(choice);
      await this.rebuilder.retry(choice);
    });
  }

  get isGoingOn(): boolean {
    return this.table.state.fold?.late.isGoingOn ?? false;
  }

  goOn(): Promise<number> {
    return this.table.guard(async () => {
      await this.table.noteMixture();
      return this.table.state.fold!.late.goOn();
    });
  }
}

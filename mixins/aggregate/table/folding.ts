import type { ParkedChoice } from "../../../core/consumer/consumer-control.ts";
import type { Mapping } from "../../../core/rows/mapping.ts";
import type { Generation, ParkedEvent, Progress } from "../../../core/table/read-table.ts";
import { typeMatcher } from "../../../core/event/type-pattern.ts";
import { CatchUp } from "./catch-up.ts";
import type { Work } from "../../consumer/work.ts";
import type { ErrorPolicy, Interruption } from "../../consumer/error-policy.ts";
import type { EventSource } from "../../consumer/event-source.ts";
import type { LeaseHold, LeaseSource } from "../../consumer/lease-hold.ts";
import { Fold } from "../fold/fold.ts";
import type { FoldedTable } from "./folded-table.ts";
import { HostedTable } from "./hosted-table.ts";
import { listParked } from "../fold/parked-list.ts";
import type { StartDependencies } from "../rebuild/definition-change.ts";
import type { RebuildProgress } from "../rebuild/progress.ts";
import { Rebuilder, type SnapshotSource } from "../rebuild/rebuilder.ts";
import type { ToldRebuild } from "../rebuild/told-progress.ts";
import { TimeShare } from "../rebuild/time-share.ts";
import type { ConsumerMetrics } from "../../observability/metrics.ts";
import type { FoldSpans } from "../../observability/spans.ts";
import type { Transform, Transforms } from "../fold/transform.ts";
import type { ConsumerPage } from "../../consumer/consumer-page.ts";

export interface FoldingDependencies extends StartDependencies {
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
  /** The store has answered. */
  onPage: () => void;
  onCommit: () => void;
}

/**
 * The work of an aggregate: its table, the fold into it, and a new generation beside it where the definition has changed
 * or somebody has ordered one. A table that nodes share is folded by the one in charge; the others look on.
 */
export class Folding implements Work {
  readonly catchUp: CatchUp;
  readonly rebuilding: Rebuilder;
  readonly #d: FoldingDependencies;
  readonly #interruption: Interruption;
  readonly #table: HostedTable;
  readonly #turns = new TimeShare();
  #asked = 0;
  /** As the last page said. */
  #head = 0;

  constructor(dependencies: FoldingDependencies, interruption: Interruption) {
    const { name, source } = dependencies;
    this.#d = dependencies;
    this.#interruption = interruption;
    this.catchUp = new CatchUp(name);
    this.rebuilding = new Rebuilder({
      ...dependencies,
      page: (after, limit) => source.page(after, limit),
      change: (change) => source.change(change),
      newFold: (generation) => this.#foldInto(generation),
      turns: this.#turns,
      takeOver: (generation, fold) => this.#takeOver(generation, fold),
      onProgress: () => this.#measure(),
    });
    this.#table = new HostedTable({
      ...dependencies,
      newFold: (generation) => this.#foldInto(generation),
      renewAside: () => this.rebuilding.reload(),
      onLeave: () => {
        this.rebuilding.leave();
        dependencies.onProgress("", null);
      },
    });
  }

  /** Null while another host folds the table. */
  get #folded(): FoldedTable | null {
    return this.#table.folded;
  }

  get live(): Generation {
    return this.#table.live;
  }

  open(): Promise<void> {
    return this.#table.open();
  }

  async close(): Promise<void> {
    this.rebuilding.stop();
    await this.#table.close();
  }

  #foldInto(generation: Generation): Promise<Fold> {
    return Fold.on({
      ...this.#d,
      ...this.#interruption,
      generation,
      isTimeUp: () => this.#turns.isOver,
      onCommit: (folded) => this.#committed(generation, folded),
    });
  }

  #committed(generation: Generation, folded: number): void {
    this.#d.metrics?.folded(folded);
    this.#measure();
    // What is folded aside changes no answer.
    if (generation !== this.live) return;
    this.#d.onCommit();
    this.#reach();
  }

  #measure(): void {
    const progress = this.#ownProgress(this.#head);
    this.#d.metrics?.rebuilt(progress && progress.total > 0 ? progress.done / progress.total : 1);
    this.#d.onProgress(this.rebuilding.running?.kind ?? "change", progress || null);
  }

  #reach(): void {
    if (!this.isFollowingChange) this.catchUp.reach(this.progress.position);
  }

  get progress(): Readonly<Progress> {
    return this.#table.progress;
  }

  /** Events that are still to be folded, as far as is known. */
  get lag(): number {
    return this.#head - this.progress.position;
  }

  /** How far the rows are that queries are answered from. */
  livePosition(): Promise<number> {
    return this.#table.livePosition();
  }

  /** Other hosts fold the same table, which nobody here hears. */
  get isShared(): boolean {
    return this.#table.isShared;
  }

  get isStale(): boolean {
    return this.#table.isStale;
  }

  /** A table of today's definition is folded in place of the live one. */
  get isFollowingChange(): boolean {
    return this.#folded?.isFollowingChange ?? false;
  }

  /** No query is answered from what is being folded. */
  get isBehindForLong(): boolean {
    return this.isFollowingChange || this.blockedBy !== null;
  }

  get blockedBy(): string | null {
    return this.#folded?.blockedBy ?? null;
  }

  #ownProgress(head: number | null): false | RebuildProgress {
    return this.rebuilding.progress() ?? this.#folded?.changeProgress(head) ?? false;
  }

  /** That of the node that folds the table. */
  rebuildProgress(head: number | null): false | RebuildProgress {
    return this.#folded ? this.#ownProgress(head) : this.#table.toldProgress(this.rebuilding.order);
  }

  /** Another node has broadcast its progress. */
  noteTold(told: ToldRebuild): void {
    this.#table.noteTold(told);
  }

  /** Somebody waits here for what another host does. */
  get isAwaited(): boolean {
    return !this.#folded && (this.catchUp.isAwaited || this.rebuilding.isAwaited);
  }

  get lease(): LeaseHold | null {
    return this.#table.lease;
  }

  async mayWork(): Promise<boolean> {
    this.#turns.begin();
    this.#asked = this.catchUp.ask();
    this.rebuilding.ask();
    const isInCharge = await this.#table.acquire();
    if (!isInCharge) this.#reach();
    return isInCharge;
  }

  note({ head, control }: ConsumerPage): void {
    this.catchUp.noteHead(this.#asked, this.#d.store, head);
    this.#head = head;
    this.rebuilding.note(control, head);
    if (!this.isFollowingChange) this.rebuilding.watch(this.progress.position);
    this.#measure();
    this.#d.onPage();
  }

  handle(page: ConsumerPage): Promise<void> {
    return this.#table.doubtfully(async () => {
      if (this.progress.position === 0 && !this.isFollowingChange) await this.rebuilding.completeAtOnce();
      this.#turns.limit(this.rebuilding.isWanted);
      const isSwitched = await this.#folded!.foldPage(page);
      const { position } = this.progress;
      const folded = page.events.findLastIndex((event) => event.position <= position) + 1;
      this.#turns.recordLive(folded, position >= page.position);
      if (isSwitched) {
        this.#switched();
        this.#d.info(`${this.#d.name} answers from the new table`, { position: this.progress.position });
      }
      // Those who look on see the checkpoint only when it is written; events that are not mapped write none by themselves.
      if (this.isShared && page.end) await this.save();
      this.#reach();
    });
  }

  backgroundStep(): Promise<"idle" | "more" | "anew"> {
    this.#turns.yield();
    return this.#table.doubtfully(async () => {
      const advanced = await this.rebuilding.advance();
      return advanced === "switched" ? "anew" : advanced;
    });
  }

  async #takeOver(generation: Generation, fold: Fold): Promise<void> {
    await this.#folded!.takeOver(generation, fold);
    this.#switched();
  }

  #switched(): void {
    this.#measure();
    this.#d.onCommit();
    this.#reach();
  }

  async save(): Promise<void> {
    await this.#folded?.fold.save();
  }

  /** Of those that wait, the first ones, or the chosen one. */
  parked(choice: ParkedChoice): Promise<ParkedEvent[]> {
    const isMapped = typeMatcher(this.#d.mappings.map(({ pattern }) => pattern));
    const { parked: streams, progress } = this.#table;
    return listParked({ streams, position: progress.position, source: this.#d.source, isMapped }, choice);
  }

  get parkedCount(): number {
    return this.#table.parkedCount;
  }

  get lastFailure(): string | undefined {
    return this.#table.parked.findLast(({ error }) => error)?.error?.message;
  }

  get isTooOftenParked(): boolean {
    return this.#folded?.fold.isTooOftenParked ?? false;
  }

  forgetParkedInARow(): void {
    this.#folded?.fold.forgetParkedInARow();
  }

  rejectWaiters(why: string): void {
    if (this.#interruption.isStopping()) this.catchUp.rejectAll();
    else this.catchUp.rejectWaiters(this.progress.position, why);
  }

  skip(skipped: ReadonlySet<string>): Promise<void> {
    return this.#table.doubtfully(() => this.#folded!.fold.skip(skipped));
  }

  retry(choice: ParkedChoice): Promise<void> {
    return this.#table.doubtfully(async () => {
      await this.#folded!.fold.retry(choice);
      await this.rebuilding.retry(choice);
    });
  }

  get eventsPerPage(): number {
    return this.#turns.eventsPerPage;
  }

  get isGoingOn(): boolean {
    return this.#folded?.fold.isGoingOn ?? false;
  }

  goOn(): Promise<number> {
    return this.#table.doubtfully(async () => {
      await this.#folded!.noteMixture();
      return this.#folded!.fold.goOn();
    });
  }
}

import type { NewerEvent } from "../../../core/catalogue/newer-event.ts";
import type { ParkedChoice } from "../../../core/consumer/consumer-control.ts";
import type { Generation, ParkedEvent } from "../../../core/table/read-table.ts";
import type { ConsumerPage } from "../../consumer/consumer-page.ts";
import type { Interruption } from "../../consumer/error-policy.ts";
import { Failures } from "../../consumer/failures.ts";
import type { LeaseHold } from "../../consumer/lease-hold.ts";
import type { Holding, Polling, Work } from "../../consumer/work.ts";
import { Fold } from "../fold/fold.ts";
import { UnfilledFields } from "../fold/unfilled-fields.ts";
import type { ParkedPage } from "../../consumer/parked-page.ts";
import { listParked } from "../fold/parked-list.ts";
import { Rebuilder } from "../rebuild/rebuilder.ts";
import { mostPerPage, TimeShare } from "../rebuild/time-share.ts";
import { CatchUp } from "./catch-up.ts";
import type { TableDependencies } from "./dependencies.ts";
import { HostedTable } from "./hosted-table.ts";
import { PageFold } from "./page-fold.ts";
import { RowsElsewhere } from "./rows-elsewhere.ts";
import { TableProgress } from "./table-progress.ts";
import type { TableState } from "./table-state.ts";

/**
 * The work of an aggregate: the fold into its table, and a new generation beside it if the definition has changed or a
 * rebuild was requested. One of the nodes that share a table folds it; the others watch it.
 */
export class TableWorker implements Work {
  readonly catchUp: CatchUp;
  readonly rebuilder: Rebuilder;
  readonly table: HostedTable;
  readonly pages: PageFold;
  readonly progressReport: TableProgress;
  readonly elsewhere: RowsElsewhere;
  lease: LeaseHold | null = null;
  /** The head of the last page. */
  head = 0;
  readonly #d: TableDependencies;
  readonly #interruption: Interruption;
  readonly #turns = new TimeShare();
  readonly #ofStandby: Failures;
  #skipped: ReadonlySet<string> = new Set();
  /** The last page was the log's last, and is folded, so an empty page after it changes nothing. */
  #isAtEnd = false;

  constructor(dependencies: TableDependencies, interruption: Interruption) {
    const { name, source, policy } = dependencies;
    this.#d = dependencies;
    this.#ofStandby = new Failures(name, policy);
    this.#interruption = interruption;
    this.catchUp = new CatchUp(name);
    this.rebuilder = new Rebuilder({
      ...dependencies,
      page: (after, limit) => source.page(after, limit),
      change: (change) => source.change(change),
      newFold: (generation) => this.#foldInto(generation),
      turns: this.#turns,
      maySwitch: () => !this.pages.isRetrying,
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
    this.elsewhere = new RowsElsewhere(dependencies, this.table, this.catchUp);
    this.pages = new PageFold(dependencies, this.table);
    this.progressReport = new TableProgress({ ...dependencies, table: this.table, rebuilder: this.rebuilder });
  }

  async open(): Promise<void> {
    this.#isAtEnd = false;
    try {
      await this.table.open();
    } finally {
      this.lease = this.table.lease;
    }
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
      unfilled: new UnfilledFields(generation),
      skipped: this.#skipped,
      turns: this.#turns,
      onCommit: (folded) => {
        this.#d.metrics?.folded(folded);
        this.table.noteProgress();
        // A commit beside the live generation changes no query result.
        if (generation !== this.table.state.live) return this.progressReport.measure(this.head);
        this.#d.onCommit();
        if (this.catchUp.readers.size > 0) this.catchUp.reach(this.table.state.progress.position);
      },
    });
  }

  /** Another generation answers queries. */
  #onSwitch(): void {
    this.progressReport.measure(this.head);
    this.#d.onCommit();
    this.catchUp.reach(this.table.state.progress.position);
  }

  /** Answers the readers whose position the table has reached, and those that would wait in vain. */
  #reach(position = this.table.state.progress.position): void {
    this.catchUp.reach(position);
    const why = this.progressReport.standstill(this.head);
    if (why !== null) this.catchUp.rejectWaiters(position, why);
  }

  get state(): TableState {
    return this.table.state;
  }

  get polling(): Polling {
    const isAwaited = this.catchUp.readers.size > 0 || this.rebuilder.callers.size > 0;
    if (isAwaited && this.table.state.fold === null) return "often";
    return this.table.isShared || this.#d.unrecorded.size > 0 ? "steadily" : "never";
  }

  beforePage(): number {
    this.#turns.begin();
    if (this.catchUp.readers.size > 0) this.catchUp.readers.ask();
    if (this.rebuilder.callers.size > 0) this.rebuilder.callers.ask();
    return this.#turns.eventsPerPage;
  }

  async acquire(): Promise<Holding> {
    const holding = await this.table.acquire(this.head);
    // Another host may have moved the table forward.
    if (holding === "other" && this.catchUp.readers.size > 0) this.#reach();
    return holding;
  }

  onPage({ head, control, newer }: ConsumerPage): void {
    this.head = head;
    this.elsewhere.isPaused = control.paused;
    if (this.catchUp.readers.size > 0) this.catchUp.noteHead(this.#d.store, head);
    const { successor, progress } = this.table.state;
    this.rebuilder.note(control, successor ? null : progress.position);
    this.progressReport.measure(head, newer ?? null);
    if (this.#d.unrecorded.size > 0) this.#d.onPage();
  }

  handle(page: ConsumerPage): void | Promise<void> {
    const { position } = this.table.state.progress;
    // Nothing new: the previous page did everything that an empty page requires.
    if (this.#isAtEnd && page.events.length === 0 && page.position === position && position > 0)
      return this.catchUp.reach(position);
    this.#isAtEnd = false;
    return this.#handle(page);
  }

  #handle(page: ConsumerPage): Promise<void> {
    return this.table.guard(async () => {
      const { successor, progress } = this.table.state;
      if (progress.position === 0 && !successor) await this.rebuilder.completeAtOnce();
      const isBuilding = this.rebuilder.request !== null && this.rebuilder.isWanted;
      if (isBuilding) this.#turns.limit(true);
      const isSwitched = await this.pages.foldPage(page);
      const { position } = this.table.state.progress;
      const folded = page.events.findLastIndex((event) => event.position <= position) + 1;
      if (isBuilding || this.#turns.eventsPerPage < mostPerPage)
        this.#turns.recordLive(folded, position >= page.position);
      if (isSwitched) {
        this.#onSwitch();
        this.#d.info(`${this.#d.name} now reads from the rebuilt table`, { position });
      }
      // Standbys see only the stored checkpoint, and unmapped events do not cause a write of it.
      if (this.table.isShared && page.end) await this.save();
      if (this.catchUp.readers.size > 0) this.#reach(await this.table.livePosition());
      if (page.end) await this.table.tidy();
      this.#isAtEnd = page.end && !this.table.isShared && !this.table.state.successor;
    });
  }

  backgroundStep(): "idle" | Promise<"idle" | "more" | "restart"> {
    return this.rebuilder.hasWork ? this.#build() : "idle";
  }

  async #build(): Promise<"idle" | "more" | "restart"> {
    this.#turns.yield();
    const advanced = await this.table.guard(() => this.rebuilder.advance());
    return advanced === "switched" ? "restart" : advanced;
  }

  async #takeOver(generation: Generation, fold: Fold): Promise<void> {
    this.#isAtEnd = false;
    await this.table.takeOver(generation, fold);
    this.#onSwitch();
  }

  async save(): Promise<void> {
    await this.table.state.fold?.save();
  }

  parked(choice: ParkedChoice): Promise<ParkedPage> {
    const { source } = this.#d;
    const { parked, progress } = this.table.state;
    return listParked({ streams: parked.list(), position: progress.position, source }, choice);
  }

  parkedStreams(): Iterable<ParkedEvent> {
    return this.table.state.parked.list();
  }

  get parkedCount(): number {
    return this.table.state.parked.count;
  }

  get failures(): Failures {
    return this.table.state.fold?.failures ?? this.#ofStandby;
  }

  rejectWaiters(why: string, newer?: NewerEvent): void {
    if (this.#interruption.isStopping()) this.catchUp.rejectAll();
    else if (newer || !this.elsewhere.goOn) this.catchUp.rejectWaiters(this.table.state.progress.position, why, newer);
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
    return this.table.isGoingOn;
  }

  goOn(): Promise<number> {
    return this.table.guard(() => this.pages.goOn());
  }
}

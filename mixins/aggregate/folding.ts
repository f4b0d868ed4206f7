import type { ParkedChoice } from "../../core/consumer-control.ts";
import { definitionChanges, mixedDefinition } from "../../core/definition.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import type { Fields } from "../../core/fields.ts";
import type { Mapping } from "../../core/mapping.ts";
import type { Generation, ParkedEvent, Progress, ReadTable } from "../../core/read-table.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";
import { CatchUp } from "./catch-up.ts";
import { beginningOf, type OnChange } from "./rebuild/definition-change.ts";
import type { Work } from "../consumer/consumer.ts";
import type { ErrorPolicy, Interruption } from "../consumer/error-policy.ts";
import type { EventSource } from "../consumer/event-source.ts";
import { Fold } from "./fold.ts";
import { retryParked, skipParked } from "./parked-streams.ts";
import { progressOf, Rebuilding, type RebuildProgress, type SnapshotSource } from "./rebuild/rebuilding.ts";
import type { ConsumerMetrics } from "../metrics.ts";
import type { FoldSpans } from "../spans.ts";
import type { Transform, Transforms } from "./transform.ts";
import type { ConsumerPage } from "../consumer/consumer-page.ts";

export interface FoldingDependencies {
  name: string;
  store: string;
  table: ReadTable;
  fields: Fields;
  /** As text: see `describeDefinition`. */
  definition: string;
  onChange: OnChange;
  snapshots: SnapshotSource;
  mappings: readonly Mapping<Transform>[];
  transforms: Transforms;
  source: Pick<EventSource, "page" | "event" | "change">;
  /** What is being built and how far it is; null when it has ended. */
  onProgress: (job: string, progress: RebuildProgress | null) => void;
  policy: ErrorPolicy;
  metrics: ConsumerMetrics | null;
  spans: FoldSpans | null;
  /** The store has answered. */
  onPage: () => void;
  onCommit: () => void;
  info: (message: string, details: object) => void;
  warn: (message: string, details: object) => void;
}

/**
 * The work of an aggregate: its table, the fold into it, and a new generation beside it where the definition has changed
 * or somebody has ordered one.
 */
export class Folding implements Work {
  readonly catchUp: CatchUp;
  readonly rebuilding: Rebuilding;
  readonly #d: FoldingDependencies;
  readonly #interruption: Interruption;
  #fold: Fold | null = null;
  /** Of another definition than the live one, which stands still meanwhile: what `#fold` folds into. */
  #successor: { generation: Generation; since: number } | null = null;
  #isStale = false;
  #hindrance: string | null = null;
  /** The first event that is folded makes the table one of two definitions. */
  #isMixing = false;
  #asked = 0;
  /** As the last page said. */
  #head = 0;

  constructor(dependencies: FoldingDependencies, interruption: Interruption) {
    const { name, source } = dependencies;
    this.#d = dependencies;
    this.#interruption = interruption;
    this.catchUp = new CatchUp(name);
    this.rebuilding = new Rebuilding({
      ...dependencies,
      page: (after, limit) => source.page(after, limit),
      read: (id) => this.#read(id),
      change: (change) => source.change(change),
      newFold: (generation, isTimeUp) => this.#foldInto(generation, isTimeUp),
      takeOver: (generation, fold) => this.#takeOver(generation, fold),
      onProgress: () => this.#measure(),
    });
  }

  /** The generation that answers queries. */
  get live(): Generation {
    return this.#d.table.live();
  }

  async open(): Promise<void> {
    const { table, fields, definition } = this.#d;
    await table.open(fields, { definition, order: "" });
    try {
      const { generation, isStale, hindrance, isMixing } = await beginningOf(this.#d);
      this.#isStale = isStale;
      this.#hindrance = hindrance;
      this.#isMixing = isMixing;
      this.#successor = generation === table.live() ? null : { generation, since: Date.now() };
      this.#fold = await this.#foldInto(generation);
    } catch (error) {
      await table.close();
      throw error;
    }
  }

  #foldInto(generation: Generation, isTimeUp = () => false): Promise<Fold> {
    return Fold.on({
      ...this.#d,
      ...this.#interruption,
      generation,
      isTimeUp,
      onCommit: (folded) => this.#committed(generation, folded),
    });
  }

  async close(): Promise<void> {
    this.#successor = null;
    this.rebuilding.stop();
    this.#d.onProgress("", null);
    await this.#d.table.close();
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
    const progress = this.rebuildProgress(this.#head);
    this.#d.metrics?.rebuilt(progress && progress.total > 0 ? progress.done / progress.total : 1);
    this.#d.onProgress(this.rebuilding.running?.kind ?? "change", progress || null);
  }

  #reach(): void {
    if (!this.#successor) this.catchUp.reach(this.progress.position);
  }

  get progress(): Readonly<Progress> {
    return this.#fold?.progress ?? { position: 0, positionId: null, folded: 0, reordered: false, log: null };
  }

  /** How far the rows are that queries are answered from. */
  async livePosition(): Promise<number> {
    return this.#successor ? (await this.live.progress()).position : this.progress.position;
  }

  get isStale(): boolean {
    return this.#isStale;
  }

  /** A table of today's definition is folded in place of the live one. */
  get isFollowingChange(): boolean {
    return this.#successor !== null;
  }

  /** No query is answered from what is being folded. */
  get isBehindForLong(): boolean {
    return this.#successor !== null || this.#hindrance !== null;
  }

  get hindrance(): string | null {
    return this.#hindrance;
  }

  rebuildProgress(head: number | null): false | RebuildProgress {
    const ordered = this.rebuilding.progress();
    if (ordered) return ordered;
    const done = this.progress.position;
    return this.#successor ? progressOf(done, 0, head ?? done, this.#successor.since) : false;
  }

  async mayWork(): Promise<boolean> {
    this.#asked = this.catchUp.ask();
    this.rebuilding.ask();
    return true;
  }

  note({ head, control }: ConsumerPage): void {
    this.catchUp.noteHead(this.#asked, this.#d.store, head);
    this.#head = head;
    this.rebuilding.note(control, head);
    this.#measure();
    this.#d.onPage();
  }

  async handle(page: ConsumerPage): Promise<void> {
    if (this.progress.position === 0 && !this.#successor) await this.rebuilding.adopt();
    if (page.events.length > 0) await this.#noteMixture();
    const fold = this.#fold!;
    await fold.foldPage(page);
    if (this.#successor && page.end && fold.progress.position === page.position && !fold.isTooOftenParked) {
      await fold.save();
      await this.#takeOver(this.#successor.generation, fold);
      this.#d.info(`${this.#d.name} answers from the new table`, { position: fold.progress.position });
    }
    this.#reach();
  }

  /** Before it happens: a start by either definition must notice. */
  async #noteMixture(): Promise<void> {
    if (!this.#isMixing) return;
    await this.live.redefine(mixedDefinition(this.#d.definition));
    this.#isMixing = false;
  }

  async aside(): Promise<"idle" | "more" | "anew"> {
    const advanced = await this.rebuilding.advance();
    return advanced === "switched" ? "anew" : advanced;
  }

  async #takeOver(generation: Generation, fold: Fold): Promise<void> {
    const { table, onCommit } = this.#d;
    const unfinished = this.#successor?.generation;
    await table.switchTo(generation);
    this.#fold = fold;
    this.#successor = this.#hindrance = null;
    // Rows of a snapshot that was taken by force are those of another definition.
    this.#isStale = this.#isMixing = definitionChanges(generation.origin.definition, this.#d.definition).length > 0;
    if (unfinished && unfinished !== generation) await table.drop(unfinished);
    this.#measure();
    onCommit();
    this.#reach();
  }

  async save(): Promise<void> {
    await this.#fold?.save();
  }

  parked(): ParkedEvent[] {
    return this.#fold?.parked ?? [];
  }

  get isTooOftenParked(): boolean {
    return this.#fold?.isTooOftenParked ?? false;
  }

  forgetParkedInARow(): void {
    this.#fold?.forgetParkedInARow();
  }

  standStill(why: string): void {
    if (this.#interruption.isStopping()) this.catchUp.turnAway();
    else this.catchUp.standStill(this.progress.position, why);
  }

  skip(skipped: ReadonlySet<string>): Promise<number> {
    return skipParked(this.#fold!, skipped, (id) => this.#read(id));
  }

  async retry(choice: ParkedChoice): Promise<number> {
    await this.#noteMixture();
    const folded = await retryParked(this.#fold!, choice, (id) => this.#read(id));
    await this.rebuilding.retry(choice);
    return folded;
  }

  /** A stop waits for one retry, not for all that are asked for. */
  async #read(id: string): Promise<RecordedEvent> {
    if (this.#interruption.isStopping()) throw new StoreUnavailableError(this.#d.name, "is stopping");
    return this.#d.source.event(id);
  }
}

import { definitionChanges, mixedDefinition } from "../../../core/rows/definition.ts";
import type { Generation, Progress, ReadTable } from "../../../core/table/read-table.ts";
import type { ConsumerPage } from "../../consumer/consumer-page.ts";
import type { Fold } from "../fold/fold.ts";
import { startPlanOf, type StartPlan, type StartDependencies } from "../rebuild/definition-change.ts";
import { progressOf, type RebuildProgress } from "../rebuild/progress.ts";

export interface FoldedTableDependencies extends StartDependencies {
  newFold: (generation: Generation) => Promise<Fold>;
}

/**
 * A table as the host sees it that folds it: the live generation, or one of today's definition that is folded in its
 * place and takes it when it has caught up.
 */
export class FoldedTable {
  readonly #d: FoldedTableDependencies;
  #fold: Fold;
  #live: Generation;
  /** What `#fold` folds into, where that is not the live one, which stands still meanwhile. */
  #successor: { generation: Generation; since: number } | null;
  #isStale: boolean;
  #blockedBy: string | null;
  /** The first event that is folded makes the table one of two definitions. */
  #isMixing: boolean;

  private constructor(
    dependencies: FoldedTableDependencies,
    { generation, isStale, blockedBy, isMixing }: StartPlan,
    fold: Fold,
  ) {
    this.#d = dependencies;
    this.#fold = fold;
    this.#live = dependencies.table.live();
    this.#successor = generation === this.#live ? null : { generation, since: Date.now() };
    this.#isStale = isStale;
    this.#blockedBy = blockedBy;
    this.#isMixing = isMixing;
  }

  /** @throws UnusableStoreError where its definition is not today's and that is refused */
  static async begin(dependencies: FoldedTableDependencies): Promise<FoldedTable> {
    const beginning = await startPlanOf(dependencies);
    return new FoldedTable(dependencies, beginning, await dependencies.newFold(beginning.generation));
  }

  get #table(): ReadTable {
    return this.#d.table;
  }

  get fold(): Fold {
    return this.#fold;
  }

  /** The generation that answers queries, as this host has seen or switched it. */
  get live(): Generation {
    return this.#live;
  }

  get progress(): Readonly<Progress> {
    return this.#fold.progress;
  }

  get isStale(): boolean {
    return this.#isStale;
  }

  /** A table of today's definition is folded in place of the live one. */
  get isFollowingChange(): boolean {
    return this.#successor !== null;
  }

  /** Why nothing can be folded into it. */
  get blockedBy(): string | null {
    return this.#blockedBy;
  }

  changeProgress(head: number | null): false | RebuildProgress {
    const done = this.progress.position;
    return this.#successor ? progressOf(done, 0, head ?? done, this.#successor.since) : false;
  }

  /** Goes on from what is stored. False where another host has put another generation in the live one's place. */
  async reload(): Promise<boolean> {
    if (this.#table.live() !== this.#live) return false;
    await this.#fold.reload();
    return true;
  }

  /** Whether another generation answers from now on. */
  async foldPage(page: ConsumerPage): Promise<boolean> {
    if (page.events.length > 0) await this.noteMixture();
    const fold = this.#fold;
    await fold.foldPage(page);
    const isCaughtUp = page.end && fold.progress.position === page.position && !fold.isTooOftenParked;
    if (!this.#successor || !isCaughtUp) return false;
    await fold.save();
    await this.takeOver(this.#successor.generation, fold);
    return true;
  }

  /** Before it happens: a start by either definition must notice. */
  async noteMixture(): Promise<void> {
    if (!this.#isMixing) return;
    await this.#live.redefine(mixedDefinition(this.#d.definition));
    this.#isMixing = false;
  }

  /** Makes a generation the live one, and folds on into it. */
  async takeOver(generation: Generation, fold: Fold): Promise<void> {
    const unfinished = this.#successor?.generation;
    await this.#table.switchTo(generation);
    this.#live = generation;
    this.#fold = fold;
    this.#successor = this.#blockedBy = null;
    // Rows of a snapshot that was taken by force are those of another definition.
    this.#isStale = this.#isMixing = definitionChanges(generation.origin.definition, this.#d.definition).length > 0;
    if (unfinished && unfinished !== generation) await this.#table.drop(unfinished);
  }
}

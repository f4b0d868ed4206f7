import type { ConsumerPage } from "../../consumer/consumer-page.ts";
import { FieldFilledError } from "../fold/unfilled-fields.ts";
import { foldPlanOf, type StartDependencies, type StartPlan } from "../rebuild/definition-change.ts";
import type { HostedTable } from "./hosted-table.ts";

/** Folds pages of the log into a table: into the live generation, or into one that will replace it. */
export class PageFold {
  #isRetryFailing = false;
  /** The position of the live rows when they were found ahead of their successor. */
  #ahead = 0;
  readonly #d: StartDependencies;
  readonly #table: HostedTable;

  constructor(dependencies: StartDependencies, table: HostedTable) {
    this.#d = dependencies;
    this.#table = table;
  }

  /** Folds a page from the current position; returns whether another generation answers queries from now on. */
  async foldPage(page: ConsumerPage): Promise<boolean> {
    const { copy } = this.#table.state;
    return copy ? this.#copied(copy, page) : this.#foldPage(page);
  }

  /** Continues in the copy of the live generation, which is read at the page's begin or later. */
  async #copied(copy: () => Promise<StartPlan>, page: ConsumerPage): Promise<boolean> {
    const table = this.#table;
    const from = table.state.progress.position;
    await table.follow(await table.copied(copy));
    const { blockedBy, progress } = table.state;
    // Not a copy: the next page begins at its own position.
    if (blockedBy !== null || progress.position < from) return false;
    return this.foldPage({ ...page, events: page.events.filter(({ position }) => position > progress.position) });
  }

  async #foldPage(page: ConsumerPage): Promise<boolean> {
    const table = this.#table;
    const fold = table.state.fold!;
    if (page.events.length > 0 && table.state.isMixing) await table.noteMixture();
    try {
      await fold.foldPage(page);
    } catch (error) {
      await this.#foldAgain(error);
      return false;
    }
    if (fold.state.settled !== table.state.progress) table.noteProgress();
    const { successor, progress } = table.state;
    const isCaughtUp = page.end && progress.position === page.position;
    if (!successor || !isCaughtUp || fold.failures.stopCause !== null) return false;
    if (await this.#isLiveAhead(progress.position)) return false;
    await fold.save();
    await table.takeOver(successor.generation, fold);
    return true;
  }

  /**
   * Whether a switch would make readers go back, since a host of another definition has folded events after this page.
   * If the next page does not contain them either, they are not in the log any more.
   */
  async #isLiveAhead(position: number): Promise<boolean> {
    const live = await this.#table.livePosition();
    if (live <= position || live === this.#ahead) return false;
    this.#ahead = live;
    return true;
  }

  /**
   * A retry of parked events has begun and meets no outage. It ends in the generation where it began, so that its caller
   * gets the count of all its events.
   */
  get isRetrying(): boolean {
    return this.#table.isGoingOn && !this.#isRetryFailing;
  }

  /** Folds parked events that can continue; returns how many. */
  async goOn(): Promise<number> {
    await this.#table.noteMixture();
    this.#isRetryFailing = true;
    try {
      const done = await this.#table.state.fold!.late.goOn();
      this.#isRetryFailing = false;
      return done;
    } catch (error) {
      await this.#foldAgain(error);
      return 0;
    }
  }

  /** Continues as after a start with another definition, if an event fills a field that was taken for unfilled. */
  async #foldAgain(error: unknown): Promise<void> {
    if (!(error instanceof FieldFilledError)) throw error;
    const { name, table, warn } = this.#d;
    const { successor } = this.#table.state;
    const { message, field } = error;
    warn(`${name}: ${message}; change \`definitionVersion\` if a function that the transforms use changes`, { field });
    await this.#table.follow(await foldPlanOf(this.#d, message));
    await this.#table.noteMixture();
    if (successor) await table.drop(successor.generation);
  }
}

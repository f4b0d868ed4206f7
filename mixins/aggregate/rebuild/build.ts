import { NewerEventError } from "../../../core/catalogue/newer-event.ts";
import type { RebuildRequest, ConsumerControl, ParkedChoice } from "../../../core/consumer/consumer-control.ts";
import type { Generation } from "../../../core/table/read-table.ts";
import { RebuildFailedError } from "../../../core/errors/snapshot-errors.ts";
import type { ConsumerPage } from "../../consumer/consumer-page.ts";
import type { Fold } from "../fold/fold.ts";
import { progressOf, type RebuildProgress } from "./progress.ts";
import type { TimeShare } from "./time-share.ts";

export interface BuildDependencies {
  name: string;
  page: (after: number, limit: number) => Promise<ConsumerPage>;
  newFold: (generation: Generation) => Promise<Fold>;
  turns: TimeShare;
}

const eventsPerPage = 1000;

/** A generation that is folded beside the live one, in slices, until it has reached the target of its request. */
export class Build {
  readonly request: RebuildRequest;
  readonly generation: Generation;
  readonly fold: Fold;
  readonly #d: BuildDependencies;
  readonly #since = Date.now();
  /** The position at which it began. */
  readonly #from: number;
  /** The rest of a page that did not fit into a slice. */
  #rest: ConsumerPage | null = null;

  private constructor(request: RebuildRequest, generation: Generation, fold: Fold, dependencies: BuildDependencies) {
    this.request = request;
    this.generation = generation;
    this.fold = fold;
    this.#d = dependencies;
    this.#from = fold.state.settled.position;
  }

  static async on(generation: Generation, request: RebuildRequest, dependencies: BuildDependencies): Promise<Build> {
    return new Build(request, generation, await dependencies.newFold(generation), dependencies);
  }

  progress(head: number): RebuildProgress {
    const { kind, snapshot } = this.request;
    return progressOf(
      this.fold.state.settled.position,
      this.#from,
      kind === "restore" ? snapshot!.position : head,
      this.#since,
    );
  }

  /** Reloads the stored state, after an error whose outcome is unknown. */
  async reload(): Promise<void> {
    // The reloaded position may lie within the rest of the page.
    this.#rest = null;
    await this.fold.reload();
  }

  retry(choice: ParkedChoice): Promise<void> {
    return this.fold.late.choose(choice);
  }

  /**
   * Folds one slice; returns whether the generation has reached its target.
   * @param until the last position to fold; Infinity: the end of the log
   * @throws RebuildFailedError; an outage's error; NewerEventError, which is retryable like an outage's
   */
  async advance(skipped: ConsumerControl["skipped"], until: number): Promise<boolean> {
    const { fold } = this;
    await fold.skip(new Set(Object.keys(skipped)));
    if (fold.state.parked.isGoingOn) {
      await fold.late.goOn();
      if (fold.state.parked.isGoingOn) return false;
    }
    if (fold.state.settled.position >= until) return true;
    const isFresh = this.#rest === null;
    const page = this.#rest ?? (await this.#pageUntil(until));
    let isWhole = false;
    try {
      await this.#d.turns.slice(() => fold.foldPage(page));
    } finally {
      // An outage may also end the page early; the folded events must not be folded again.
      const { position } = fold.state.settled;
      isWhole = position >= page.position;
      this.#rest = isWhole ? null : { ...page, events: page.events.filter((event) => event.position > position) };
    }
    const { foldEndCause } = fold.failures;
    if (foldEndCause !== null) throw new RebuildFailedError(this.#d.name, foldEndCause);
    if (isWhole && page.newer && fold.state.settled.position < until) throw new NewerEventError(page.newer);
    // A rest's page may be old, so its end says nothing: the live table may have passed it long ago.
    return isWhole && ((isFresh && page.end) || fold.state.settled.position >= until);
  }

  async #pageUntil(until: number): Promise<ConsumerPage> {
    const page = await this.#d.page(this.fold.state.settled.position, eventsPerPage);
    if (page.position <= until) return page;
    const { afterId: positionId } = await this.#d.page(until, 0);
    return { ...page, events: page.events.filter(({ position }) => position <= until), position: until, positionId };
  }
}

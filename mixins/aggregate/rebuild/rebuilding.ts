import type { BuildOrder, ConsumerControl, ControlChange, ParkedChoice } from "../../../core/consumer-control.ts";
import { RebuildFailedError } from "../../../core/travel-errors.ts";
import type { Fields } from "../../../core/fields.ts";
import { isDiskFull, isOutage, isRetryable } from "../../../core/outage.ts";
import type { Generation, ReadTable } from "../../../core/read-table.ts";
import type { RecordedEvent } from "../../../core/recorded-event.ts";
import type { ConsumerPage } from "../../consumer/consumer-page.ts";
import { AwaitedOrders } from "./awaited-orders.ts";
import type { Fold } from "../fold.ts";
import { retryParked, skipParked } from "../parked-streams.ts";

/** How far a new table is, in positions of the log. */
export interface RebuildProgress {
  done: number;
  total: number;
  /** Positions a second. */
  rate: number;
  /** Null while nothing is known yet. */
  secondsLeft: number | null;
}

/** The snapshots of this node, as a rebuild needs them. */
export interface SnapshotSource {
  /** Whether this node has it, damaged or not. */
  has(id: string): Promise<boolean>;
  /** A generation beside the live one with a snapshot's rows, built for `order`. */
  restore(id: string, order: string, force: boolean): Promise<Generation>;
}

interface Dependencies {
  name: string;
  table: ReadTable;
  fields: Fields;
  definition: string;
  snapshots: SnapshotSource;
  page: (after: number, limit: number) => Promise<ConsumerPage>;
  read: (id: string) => Promise<RecordedEvent>;
  change: (change: ControlChange) => Promise<unknown>;
  newFold: (generation: Generation, isTimeUp: () => boolean) => Promise<Fold>;
  /** Makes a finished generation the live one. */
  takeOver: (generation: Generation, fold: Fold) => Promise<void>;
  onProgress: () => void;
  info: (message: string, details: object) => void;
  warn: (message: string, details: object) => void;
}

/** A generation that is folded beside the live one. */
interface Build {
  order: BuildOrder;
  generation: Generation;
  fold: Fold;
  since: number;
  /** The position it began at. */
  from: number;
  /** What is left of a page whose time was up. */
  rest: ConsumerPage | null;
}

const eventsPerPage = 1000;
/** So long may the live table wait for its turn; a transform that runs is waited for. */
const sliceMs = 50;

/**
 * Follows orders to build the table anew: the new generation is folded in slices between the pages of the live one,
 * which goes on, and takes its place when it has caught up. A crash leaves the live one as it was; the next start finds
 * that no generation names the order, and begins again.
 */
export class Rebuilding {
  readonly #d: Dependencies;
  #order: BuildOrder | null = null;
  #isPaused = false;
  #isFirstLook = true;
  #skipped: ConsumerControl["skipped"] = {};
  #build: Build | null = null;
  #head = 0;
  /** As `performance.now()` counts. */
  #sliceEnd = Infinity;
  readonly #awaited: AwaitedOrders;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#awaited = new AwaitedOrders(dependencies.name);
  }

  /** The order that is being followed. */
  get running(): BuildOrder | null {
    return this.#build?.order ?? null;
  }

  /** A page is asked for. */
  ask(): void {
    this.#awaited.ask();
  }

  /** What is wanted now; before each page. */
  note({ build, paused, skipped }: ConsumerControl, head: number): void {
    this.#order = build ?? null;
    this.#isPaused = paused;
    this.#head = head;
    this.#skipped = skipped;
  }

  /** Answers the position of the table's switch. @throws why there was none */
  wait(order: string): Promise<number> {
    return this.#awaited.wait(order);
  }

  /** What the live table has folded late would be gone with the switch where the new one has it parked. */
  async retry(choice: ParkedChoice): Promise<void> {
    if (this.#build) await retryParked(this.#build.fold, choice, this.#d.read);
  }

  /** The node stops; the order stays. */
  stop(): void {
    this.leave();
    this.#awaited.stop();
  }

  /** Another host may go on with the order, from its beginning. */
  leave(): void {
    this.#build = null;
    this.#isFirstLook = true;
  }

  /** Goes on from what is stored of the generation that is built, or begins another. */
  async renew(): Promise<void> {
    if (!this.#build) return;
    // It may go on behind some of it.
    this.#build.rest = null;
    await this.#build.fold.renew().catch(() => (this.#build = null));
  }

  /** The live table is at this position. It names its order, whoever has built it, and whether he has heard so or not. */
  watch(position: number): void {
    const { order } = this.#d.table.live().origin;
    if (this.#build?.order.id === order) this.#build = null;
    this.#awaited.done(order, position);
    if (this.#order) this.#awaited.turnAway(this.#order);
  }

  get isAwaited(): boolean {
    return this.#awaited.isAwaited;
  }

  progress(): RebuildProgress | null {
    if (!this.#build) return null;
    const { fold, from, since, order } = this.#build;
    return progressOf(
      fold.progress.position,
      from,
      order.kind === "restore" ? order.snapshot!.position : this.#head,
      since,
    );
  }

  /**
   * One slice of work. `more`: there is more to do at once. `switched`: the new generation is live.
   * @throws an outage's error; the build goes on when it is over
   */
  async advance(): Promise<"idle" | "more" | "switched"> {
    const order = this.#order;
    this.#isFirstLook = false;
    if (this.#build && (order?.id !== this.#build.order.id || order.ended !== undefined)) await this.#drop();
    if (order) this.#awaited.turnAway(order);
    if (!order || order.ended !== undefined || this.#d.table.live().origin.order === order.id) return "idle";
    // Said again where the store was away: it would fail again, so it ends for every host.
    const failure = this.#awaited.failure(order.id);
    if (failure !== null) {
      await this.#d.change({ endBuild: { id: order.id, why: failure } });
      return "idle";
    }
    try {
      this.#build ??= await this.#begin(order).catch((error: unknown) => {
        throw isRetryable(error) && !isDiskFull(error) ? error : new Hopeless(error);
      });
      const isDone = await this.#slice(this.#build);
      this.#d.onProgress();
      if (!isDone) return "more";
      await this.#finish(this.#build);
      return "switched";
    } catch (error) {
      if (!(error instanceof Hopeless) && isOutage(error) && !isDiskFull(error)) throw error;
      await this.#fail(order, error instanceof Hopeless ? error.cause : error);
      return "more";
    }
  }

  /**
   * An order from before this start meets an empty table: what it asks for is what is folded now anyway. An empty
   * generation takes the table's place, as the one that the order was for.
   */
  async adopt(): Promise<void> {
    const order = this.#order;
    if (!this.#isFirstLook || !order || order.ended !== undefined || this.#build) return;
    if (this.#d.table.live().origin.order === order.id || (await this.#snapshotHere(order))) return;
    await this.#finish(await this.#begin(order));
  }

  async #snapshotHere({ snapshot }: BuildOrder): Promise<string | null> {
    return snapshot && (await this.#d.snapshots.has(snapshot.id)) ? snapshot.id : null;
  }

  async #begin(order: BuildOrder): Promise<Build> {
    const { name, table, fields, definition, snapshots, newFold, info } = this.#d;
    info(`${name}: a ${order.kind} begins beside the table`, { order: order.id });
    const snapshot = await this.#snapshotHere(order);
    const generation = snapshot
      ? await snapshots.restore(snapshot, order.id, order.force === true)
      : await table.build(fields, { definition, order: order.id });
    const fold = await newFold(generation, () => performance.now() > this.#sliceEnd);
    return { order, generation, fold, since: Date.now(), from: fold.progress.position, rest: null };
  }

  /** Folds for a moment; whether the generation is as far as it has to be. */
  async #slice(build: Build): Promise<boolean> {
    const { fold, order } = build;
    await skipParked(fold, new Set(Object.keys(this.#skipped)), this.#d.read);
    const until = await this.#end(order);
    if (fold.progress.position >= until) return true;
    const isFresh = build.rest === null;
    const page = build.rest ?? (await this.#pageUntil(until, fold.progress.position));
    this.#sliceEnd = performance.now() + sliceMs;
    let isWhole = false;
    try {
      await fold.foldPage(page);
    } finally {
      this.#sliceEnd = Infinity;
      // An outage, too, ends it in the middle: what is folded must not come again.
      const { position } = fold.progress;
      isWhole = position >= page.position;
      build.rest = isWhole ? null : { ...page, events: page.events.filter((event) => event.position > position) };
    }
    if (fold.isTooOftenParked) {
      const last = fold.parked.findLast(({ error }) => error)?.error?.message ?? "unknown";
      throw new RebuildFailedError(this.#d.name, `too many events in a row could not be folded; the last: ${last}`);
    }
    // Where the log ended when the rest's page was read, the live table may have passed long ago.
    return isWhole && ((isFresh && page.end) || fold.progress.position >= until);
  }

  /** What comes after `until` is not folded. */
  async #pageUntil(until: number, after: number): Promise<ConsumerPage> {
    const page = await this.#d.page(after, eventsPerPage);
    if (page.position <= until) return page;
    const { afterId: positionId } = await this.#d.page(until, 0);
    return { ...page, events: page.events.filter(({ position }) => position <= until), position: until, positionId };
  }

  /** A table that stands still keeps its position. */
  async #end({ kind, snapshot }: BuildOrder): Promise<number> {
    if (kind === "restore") return snapshot!.position;
    return this.#isPaused ? (await this.#d.table.live().progress()).position : Infinity;
  }

  async #finish({ order, generation, fold }: Build): Promise<void> {
    const { name, takeOver, info } = this.#d;
    await fold.save();
    await takeOver(generation, fold);
    this.#build = null;
    this.#d.onProgress();
    info(`${name}: the ${order.kind} is done; the new table answers`, {
      order: order.id,
      position: fold.progress.position,
    });
    this.#awaited.done(order.id, fold.progress.position);
  }

  async #drop(): Promise<void> {
    const build = this.#build;
    this.#build = null;
    this.#d.onProgress();
    if (build) await this.#d.table.drop(build.generation);
  }

  async #fail(order: BuildOrder, error: unknown): Promise<void> {
    await this.#drop();
    this.#awaited.noteFailure(order.id, error);
    this.#d.warn(`${this.#d.name}: the ${order.kind} failed; the table is as it was`, {
      order: order.id,
      error: this.#awaited.failure(order.id),
    });
  }
}

export function progressOf(done: number, from: number, total: number, since: number): RebuildProgress {
  const rate = Math.round(((done - from) * 1000) / Math.max(Date.now() - since, 1));
  return { done, total, rate, secondsLeft: rate > 0 ? Math.max(Math.ceil((total - done) / rate), 0) : null };
}

/** Whatever the reason, trying again at once would meet it again. */
class Hopeless extends Error {
  constructor(cause: unknown) {
    super("", { cause });
  }
}

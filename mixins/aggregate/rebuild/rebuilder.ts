import type {
  RebuildRequest,
  ConsumerControl,
  ControlChange,
  ParkedChoice,
} from "../../../core/consumer/consumer-control.ts";
import type { Fields } from "../../../core/rows/fields.ts";
import { isDiskFull, isOutage, isRetryable } from "../../../core/errors/outage.ts";
import type { Generation, ReadTable } from "../../../core/table/read-table.ts";
import { AwaitedRequests } from "./awaited-requests.ts";
import type { Fold } from "../fold/fold.ts";
import { Build, type BuildDependencies } from "./build.ts";
import type { RebuildProgress } from "./progress.ts";

/** The snapshots of this node, as a rebuild needs them. */
export interface SnapshotSource {
  /** Whether this node has it, damaged or not. */
  has(id: string): Promise<boolean>;
  /** A generation beside the live one with a snapshot's rows, built for `order`. */
  restore(id: string, order: string, force: boolean): Promise<Generation>;
}

interface Dependencies extends BuildDependencies {
  table: ReadTable;
  fields: Fields;
  definition: string;
  snapshots: SnapshotSource;
  change: (change: ControlChange) => Promise<unknown>;
  /** Makes a finished generation the live one. */
  takeOver: (generation: Generation, fold: Fold) => Promise<void>;
  onProgress: () => void;
  info: (message: string, details: object) => void;
  warn: (message: string, details: object) => void;
}

/**
 * Follows orders to build the table anew: the new generation is folded in slices between the pages of the live one,
 * which goes on, and takes its place when it has caught up. A crash leaves the live one as it was; the next start finds
 * that no generation names the order, and begins again.
 */
export class Rebuilder {
  readonly #d: Dependencies;
  #request: RebuildRequest | null = null;
  #isPaused = false;
  #isFirstLook = true;
  #skipped: ConsumerControl["skipped"] = {};
  #build: Build | null = null;
  #head = 0;
  readonly #awaited: AwaitedRequests;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#awaited = new AwaitedRequests(dependencies.name);
  }

  /** The order that is being followed. */
  get running(): RebuildRequest | null {
    return this.#build?.request ?? null;
  }

  /** A page is asked for. */
  ask(): void {
    this.#awaited.ask();
  }

  /** What is wanted now; before each page. */
  note({ build, paused, skipped }: ConsumerControl, head: number): void {
    this.#request = build ?? null;
    this.#isPaused = paused;
    this.#head = head;
    this.#skipped = skipped;
  }

  /** Answers the position of the table's switch. @throws why there was none */
  wait(request: string): Promise<number> {
    return this.#awaited.wait(request);
  }

  /** What the live table has folded late would be gone with the switch where the new one has it parked. */
  async retry(choice: ParkedChoice): Promise<void> {
    await this.#build?.retry(choice);
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
  async reload(): Promise<void> {
    await this.#build?.reload().catch(() => (this.#build = null));
  }

  /** The live table is at this position. It names its order, whoever has built it, and whether he has heard so or not. */
  watch(position: number): void {
    const { order } = this.#d.table.live().origin;
    if (this.#build?.request.id === order) this.#build = null;
    this.#awaited.done(order, position);
    this.#awaited.rejectWaiters(this.#request);
  }

  /** There is work for `advance`, begun or not. */
  get isWanted(): boolean {
    const order = this.#request;
    return order !== null && order.ended === undefined && this.#d.table.live().origin.order !== order.id;
  }

  /** The last order, whether it has ended or not. */
  get order(): RebuildRequest | null {
    return this.#request;
  }

  get isAwaited(): boolean {
    return this.#awaited.isAwaited;
  }

  progress(): RebuildProgress | null {
    return this.#build?.progress(this.#head) ?? null;
  }

  /**
   * One slice of work. `more`: there is more to do at once. `switched`: the new generation is live.
   * @throws an outage's error; the build goes on when it is over
   */
  async advance(): Promise<"idle" | "more" | "switched"> {
    const order = this.#request;
    this.#isFirstLook = false;
    const isOver = this.#build && (order?.id !== this.#build.request.id || order.ended !== undefined);
    if (isOver) await this.#drop();
    this.#awaited.rejectWaiters(order);
    // A page of the live table may have ended early for this build.
    if (isOver) return "more";
    if (!order || !this.isWanted) return "idle";
    // Said again where the store was away: it would fail again, so it ends for every host.
    const failure = this.#awaited.failure(order.id);
    if (failure !== null) {
      await this.#d.change({ endBuild: { id: order.id, why: failure } });
      return "more";
    }
    try {
      this.#build ??= await this.#begin(order).catch((error: unknown) => {
        throw isRetryable(error) && !isDiskFull(error) ? error : new UnrecoverableError(error);
      });
      const isDone = await this.#build.advance(this.#skipped, await this.#end(order));
      this.#d.onProgress();
      if (!isDone) return "more";
      await this.#finish(this.#build);
      return "switched";
    } catch (error) {
      if (!(error instanceof UnrecoverableError) && isOutage(error) && !isDiskFull(error)) throw error;
      await this.#fail(order, error instanceof UnrecoverableError ? error.cause : error);
      return "more";
    }
  }

  /**
   * An order from before this start meets an empty table: what it asks for is what is folded now anyway. An empty
   * generation takes the table's place, as the one that the order was for.
   */
  async completeAtOnce(): Promise<void> {
    const order = this.#request;
    if (!this.#isFirstLook || !order || order.ended !== undefined || this.#build) return;
    if (this.#d.table.live().origin.order === order.id || (await this.#snapshotHere(order))) return;
    await this.#finish(await this.#begin(order));
  }

  async #snapshotHere({ snapshot }: RebuildRequest): Promise<string | null> {
    return snapshot && (await this.#d.snapshots.has(snapshot.id)) ? snapshot.id : null;
  }

  async #begin(order: RebuildRequest): Promise<Build> {
    const { name, table, fields, definition, snapshots, info } = this.#d;
    info(`${name}: a ${order.kind} begins beside the table`, { order: order.id });
    const snapshot = await this.#snapshotHere(order);
    const generation = snapshot
      ? await snapshots.restore(snapshot, order.id, order.force === true)
      : await table.build(fields, { definition, order: order.id });
    return Build.on(generation, order, this.#d);
  }

  /** A table that stands still keeps its position. */
  async #end({ kind, snapshot }: RebuildRequest): Promise<number> {
    if (kind === "restore") return snapshot!.position;
    return this.#isPaused ? (await this.#d.table.live().progress()).position : Infinity;
  }

  async #finish({ request: order, generation, fold }: Build): Promise<void> {
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

  async #fail(order: RebuildRequest, error: unknown): Promise<void> {
    await this.#drop();
    this.#awaited.noteFailure(order.id, error);
    this.#d.warn(`${this.#d.name}: the ${order.kind} failed; the table is as it was`, {
      order: order.id,
      error: this.#awaited.failure(order.id),
    });
  }
}

/** Whatever the reason, trying again at once would meet it again. */
class UnrecoverableError extends Error {
  constructor(cause: unknown) {
    super("", { cause });
  }
}

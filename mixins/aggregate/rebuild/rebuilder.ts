import type {
  RebuildRequest,
  ConsumerControl,
  ControlChange,
  ParkedChoice,
} from "../../../core/consumer/consumer-control.ts";
import type { Fields } from "../../../core/rows/fields.ts";
import { isDiskFull, isOutage, isRetryable } from "../../../core/errors/outage.ts";
import type { Generation, ReadTable } from "../../../core/table/read-table.ts";
import { StateLog, type Debug } from "../../../core/text/state-log.ts";
import { AwaitedRequests } from "./awaited-requests.ts";
import type { Fold } from "../fold/fold.ts";
import { Build, type BuildDependencies } from "./build.ts";

/** The snapshots of this node, as a rebuild needs them. */
export interface SnapshotSource {
  /** Whether this node has the snapshot, damaged or not, and it is of this node's definition, or `force` converts it. */
  has(id: string, force: boolean): Promise<boolean>;
  /** Creates a generation beside the live one with a snapshot's rows, built for that request. */
  restore(id: string, requestId: string, force: boolean): Promise<Generation>;
}

interface Dependencies extends BuildDependencies {
  table: ReadTable;
  fields: Fields;
  definition: string;
  snapshots: SnapshotSource;
  change: (change: ControlChange) => Promise<unknown>;
  maySwitch: () => boolean;
  /** Makes a finished generation the live one. */
  takeOver: (generation: Generation, fold: Fold) => Promise<void>;
  onProgress: () => void;
  info: (message: string, details: object) => void;
  warn: (message: string, details: object) => void;
  debug: Debug;
}

/**
 * Rebuilds the table on request. The new generation is folded in slices between the pages of the live one, which
 * continues. It replaces the live one when it has caught up. A crash leaves the live one as it was: the next start
 * finds no generation that names the request, and begins again.
 */
export class Rebuilder {
  /** The last request, whether it has ended or not. */
  request: RebuildRequest | null = null;
  /** Null while nothing is built. Others may read it; only this class writes it. */
  build: Build | null = null;
  /** Each waits for a request, by its id, and gets the position at which the table was switched. */
  readonly callers: AwaitedRequests["callers"];
  readonly #d: Dependencies;
  #isPaused = false;
  #isFirstLook = true;
  #skipped: ConsumerControl["skipped"] = {};
  readonly #awaited: AwaitedRequests;
  readonly #stateLog: StateLog;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    const { name, debug } = dependencies;
    this.#awaited = new AwaitedRequests(name);
    this.callers = this.#awaited.callers;
    this.#stateLog = new StateLog(`${name} rebuild`, "idle", debug);
  }

  /**
   * Takes over the control state; called before each page is handled. `position`: that of the live table; null while it
   * is being replaced. The live generation names its request, whichever host has built it.
   */
  note({ build, paused, skipped }: ConsumerControl, position: number | null): void {
    this.request = build ?? null;
    this.#isPaused = paused;
    this.#skipped = skipped;
    if (position === null || (!this.build && this.callers.size === 0)) return;
    const { requestId } = this.#d.table.live().origin;
    if (this.build?.request.id === requestId) this.build = null;
    this.#awaited.done(requestId, position);
    this.#awaited.rejectWaiters(this.request);
  }

  /** Retries in the new generation too: an event that stayed parked there would undo the retry with the switch. */
  async retry(choice: ParkedChoice): Promise<void> {
    await this.build?.retry(choice);
  }

  /** The node is stopping; the request remains. */
  stop(): void {
    this.leave();
    this.#awaited.stop();
  }

  /** Another host may take over the request, and begins it again. */
  leave(): void {
    if (this.build) this.#logIdle(this.build.request, "this node has left it");
    this.build = null;
    this.#isFirstLook = true;
  }

  /** Reloads the stored state of the generation that is being built; if that fails, the next step begins another. */
  async reload(): Promise<void> {
    await this.build?.reload().catch(() => (this.build = null));
  }

  /** The last request is still to be done, begun or not. */
  get isWanted(): boolean {
    const { request } = this;
    return request !== null && request.ended === undefined && this.#d.table.live().origin.requestId !== request.id;
  }

  /** `advance` has something to do. */
  get hasWork(): boolean {
    if (this.#isFirstLook || this.build || this.callers.size > 0) return true;
    return this.request !== null && this.isWanted;
  }

  /**
   * One slice of work. `more`: there is more to do at once. `switched`: the new generation is live.
   * @throws an outage's error; the build continues after the outage
   */
  async advance(): Promise<"idle" | "more" | "switched"> {
    const { request } = this;
    this.#isFirstLook = false;
    const isOver = this.build && (request?.id !== this.build.request.id || request.ended !== undefined);
    if (isOver) await this.#drop();
    this.#awaited.rejectWaiters(request);
    // A page of the live table may have ended early for this build.
    if (isOver) return "more";
    if (!request || !this.isWanted) return "idle";
    // The request would fail again, so it ends for every host. Sent again here if the store was unavailable before.
    const failure = this.#awaited.failure(request.id);
    if (failure !== null) {
      await this.#d.change({ endBuild: { id: request.id, why: failure } });
      return "more";
    }
    try {
      this.build ??= await this.#begin(request).catch((error: unknown) => {
        throw isRetryable(error) && !isDiskFull(error) ? error : new UnrecoverableError(error);
      });
      const isDone = await this.build.advance(this.#skipped, await this.#end(request));
      this.#d.onProgress();
      if (!isDone || !this.#d.maySwitch()) return "more";
      await this.#finish(this.build);
      return "switched";
    } catch (error) {
      if (!(error instanceof UnrecoverableError) && isOutage(error) && !isDiskFull(error)) throw error;
      await this.#fail(request, error instanceof UnrecoverableError ? error.cause : error);
      return "more";
    }
  }

  /**
   * If a request from before this start meets an empty table, the regular fold does what it requests. An empty
   * generation replaces the table, as the one that was requested.
   */
  async completeAtOnce(): Promise<void> {
    const { request } = this;
    if (!this.#isFirstLook || !request || request.ended !== undefined || this.build) return;
    if (this.#d.table.live().origin.requestId === request.id || (await this.#snapshotHere(request))) return;
    await this.#finish(await this.#begin(request));
  }

  async #snapshotHere({ snapshot, force = false }: RebuildRequest): Promise<string | null> {
    return snapshot && (await this.#d.snapshots.has(snapshot.id, force)) ? snapshot.id : null;
  }

  async #begin(request: RebuildRequest): Promise<Build> {
    const { name, table, fields, definition, snapshots, info } = this.#d;
    info(`${name}: a ${request.kind} begins beside the table`, { requestId: request.id });
    const { kind, id: requestId } = request;
    const snapshot = await this.#snapshotHere(request);
    this.#stateLog.change("building", () => ({ requestId, kind, snapshot, live: table.live().origin.requestId }));
    const generation = snapshot
      ? await snapshots.restore(snapshot, request.id, request.force === true)
      : await table.build(fields, { definition, requestId: request.id });
    return Build.on(generation, request, this.#d);
  }

  /** A paused table keeps its position. */
  async #end({ kind, snapshot }: RebuildRequest): Promise<number> {
    if (kind === "restore") return snapshot!.position;
    return this.#isPaused ? (await this.#d.table.live().progress()).position : Infinity;
  }

  async #finish({ request, generation, fold }: Build): Promise<void> {
    const { name, takeOver, info } = this.#d;
    await fold.save();
    await takeOver(generation, fold);
    this.build = null;
    this.#logIdle(request, "the new table answers");
    this.#d.onProgress();
    info(`${name}: the ${request.kind} is done; the new table answers`, {
      requestId: request.id,
      position: fold.state.settled.position,
    });
    this.#awaited.done(request.id, fold.state.settled.position);
  }

  #logIdle({ id: requestId, kind }: RebuildRequest, cause: string): void {
    this.#stateLog.change("idle", () => ({ requestId, kind, cause }));
  }

  async #drop(): Promise<void> {
    const build = this.build;
    this.build = null;
    this.#d.onProgress();
    if (!build) return;
    this.#logIdle(build.request, "dropped");
    await this.#d.table.drop(build.generation);
  }

  async #fail(request: RebuildRequest, error: unknown): Promise<void> {
    this.#logIdle(request, String(error));
    await this.#drop();
    this.#awaited.noteFailure(request.id, error);
    this.#d.warn(`${this.#d.name}: the ${request.kind} failed; the table is as it was`, {
      requestId: request.id,
      error: this.#awaited.failure(request.id),
    });
  }
}

/** Not worth an immediate retry: it would fail the same way. */
class UnrecoverableError extends Error {
  constructor(cause: unknown) {
    super("", { cause });
  }
}

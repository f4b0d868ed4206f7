import type { ConsumerControl } from "../../core/consumer/consumer-control.ts";
import { NotCaughtUpError, StoreUnavailableError } from "../../core/errors/errors.ts";
import { manyEvents } from "../../core/log/event-log.ts";
import type { Generation } from "../../core/table/read-table.ts";
import type { ControlAck } from "../consumer/control-sync.ts";
import { awaitedIds, consumerStatus, type CommonStatus } from "../consumer/status.ts";
import { Interrupter } from "../consumer/interrupter.ts";
import { Worker } from "../consumer/worker.ts";
import { inTime } from "../service/in-time.ts";
import { Opener, type LogMessage } from "../service/opener.ts";
import type { TableDependencies } from "./table/dependencies.ts";
import { TableWorker } from "./table/table-worker.ts";
import { jobOf, type Job } from "./rebuild/actions.ts";
import type { RebuildProgress } from "./rebuild/progress.ts";

export interface AggregateStatus extends CommonStatus {
  /** The progress of a new table beside the live one; null while there is none. */
  rebuilding: RebuildProgress | null;
  /** Parked events, including those that wait behind a failed one. */
  parked: number;
  reordered: boolean;
  /** The table was folded by a definition other than the current one. */
  stale: boolean;
}

interface Dependencies extends TableDependencies {
  readAfterTimeoutMs: number;
  tell: LogMessage;
}

/** One node's part in an aggregate: the loop, its work, and the waits of callers. */
export class AggregateHost {
  readonly worker: Worker;
  readonly work: TableWorker;
  readonly #d: Dependencies;
  readonly #interrupter = new Interrupter();
  readonly #opening: Opener;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    const { name, source, metrics, warn, debug, tell } = dependencies;
    this.#opening = new Opener({ name, open: () => this.#open(), logMessage: tell });
    this.work = new TableWorker(dependencies, this.#interrupter);
    this.worker = new Worker({
      name,
      source,
      work: this.work,
      interrupter: this.#interrupter,
      metrics,
      yieldTo: (newer) => this.#giveTo(source.knowingNode(name, newer)),
      howToRestart: '"rebuild" to fold this one from its beginning',
      warn,
      debug,
    });
  }

  /** @throws StoreUnavailableError while the table is not open */
  get live(): Generation {
    this.#opening.assertOpen();
    return this.work.table.live;
  }

  /** Gives the fold of a shared table to this node, if any. The rows are committed, and the checkpoint is saved first. */
  async #giveTo(node: string | null): Promise<boolean> {
    const { lease } = this.work;
    if (node === null || !lease?.isCertain) return false;
    await this.work.save();
    await lease.release(node);
    return true;
  }

  /**
   * If the table's engine does not respond, the start ends without it after a while, and the table is opened as soon as
   * the engine responds.
   */
  start(): Promise<void> {
    return this.#opening.start();
  }

  async #open(): Promise<void> {
    await this.work.open();
    this.#d.transforms.timeLimit.start();
    this.worker.start();
  }

  /** Resolves when the running transform is finished, its batch is committed, and the table is closed. */
  async stop(): Promise<void> {
    this.#d.transforms.timeLimit.shortenForShutdown();
    await this.#opening.stop();
    await this.worker.stop();
    this.#d.transforms.timeLimit.end();
    await this.work.close();
  }

  async applyControl(revision: number, isPatient: boolean): Promise<ControlAck> {
    this.#opening.assertOpen();
    return this.worker.applyControl(revision, isPatient);
  }

  /**
   * Resolves to the position at which the table was switched. @throws RebuildFailedError and others if it was not
   * switched
   */
  built(requestId: string): Promise<number> {
    const built = this.work.rebuilder.callers.wait(requestId);
    this.worker.interrupt();
    return built;
  }

  async control(): Promise<ConsumerControl> {
    return (await this.#d.source.page(this.work.state.progress.position, 0)).control;
  }

  /** The build beside the live table, running or requested. */
  async running(): Promise<Job | null> {
    await this.#d.table.refresh();
    const { build } = await this.control();
    if (build && build.ended === undefined && this.live.origin.requestId !== build.id) return jobOf(build);
    // While the aggregate is stopped or paused, the successor is not folded, so a request may replace it.
    const isAtWork = this.work.table.state.successor !== null && this.worker.haltedBy === null;
    return isAtWork ? { requestId: "", kind: "change" } : null;
  }

  /**
   * Whether the rows of another host are preferable: this table is not open, has just begun, or its node was away for
   * long. While a new definition is folded, the live rows are as complete as those of any other host.
   */
  get isFarBehind(): boolean {
    if (this.#opening.cause !== null) return true;
    const { table, head } = this.work;
    if (table.isShared || table.state.successor !== null || this.worker.haltedBy !== null) return false;
    return !this.worker.state.hasCaughtUp || head - table.state.progress.position > manyEvents;
  }

  /** Whether a reader of this position would have to wait. */
  isBehind(position: number): boolean {
    if (position === 0) return false;
    const { successor, blockedBy, progress } = this.work.table.state;
    return successor !== null || blockedBy !== null || !this.worker.isLogKnown || progress.position < position;
  }

  /**
   * Waits until the rows that answer queries are folded up to the position.
   * @throws NotCaughtUpError; StoreUnavailableError if the node stops
   */
  async caughtUpTo(position: number): Promise<void> {
    const { worker, work } = this;
    if (this.#interrupter.stopping) throw new StoreUnavailableError(this.#d.name, "is stopping");
    this.#opening.assertOpen();
    const reached = await work.table.livePosition();
    if (reached >= position && worker.isLogKnown) return;
    const halt = worker.haltedBy;
    if (halt !== null) throw new NotCaughtUpError(this.#d.name, position, reached, halt);
    worker.wake();
    await work.catchUp.wait(position, this.#d.readAfterTimeoutMs, () => work.state.progress.position);
  }

  get awaited(): string[] {
    return [...awaitedIds(this.worker, this.work), ...(this.work.rebuilder.build?.fold.failures.ids ?? [])];
  }

  async status(): Promise<AggregateStatus> {
    const { worker, work } = this;
    // If the table does not respond, the last known position.
    const position = (await inTime(work.table.livePosition())) ?? work.state.progress.position;
    const status = await consumerStatus(this.#d, worker, work, position);
    const cause =
      this.#opening.cause ?? (work.table.isCopying ? "its table is copied with other indexes or fields" : null);
    const { parked, progress, isStale } = work.table.state;
    const beside = work.rebuilder.build?.fold.failures.first(worker.outages.nextTryAt);
    return {
      ...status,
      ...(cause !== null && { state: "waiting", cause }),
      failing: status.failing ?? beside ?? null,
      rebuilding: work.progressReport.at(status.head),
      parked: parked.count,
      reordered: progress.reordered,
      stale: isStale,
    };
  }
}

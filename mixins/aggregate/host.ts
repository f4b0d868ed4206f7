import { neededRelease, type NewerEvent } from "../../core/catalogue/newer-event.ts";
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
import { warnOfOwners, warnOfSource } from "./rebuild/definition-change.ts";
import type { RebuildProgress } from "./rebuild/progress.ts";

export interface AggregateStatus extends CommonStatus {
  /** The progress of a new table beside the live one; null while there is none. */
  rebuilding: RebuildProgress | null;
  /** Parked events, including those that wait behind a failed one. */
  parked: number;
  reordered: boolean;
  /** The table was folded by a definition other than the current one. */
  stale: boolean;
  /** Of a shared table: the definitions that have rows in it, the one whose rows became complete last first. */
  definitions?: DefinitionStatus[];
}

/** The rows of one definition in a shared table. */
interface DefinitionStatus {
  /** A hash of the definition; "" for the rows that releases with `onChange: "warn"` or "refuse" share. */
  definition: string;
  position: number;
  /** The nodes that run the definition. One of them folds the rows; without one, they keep their position. */
  nodes: string[];
}

interface Dependencies extends TableDependencies {
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
    warnOfSource(this.#d);
    await warnOfOwners(this.#d);
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
   * Whether the rows of another host are preferable: this table is not open, has just begun, its node was away for long, or
   * its rows are those of an earlier definition, which nobody folds while the new ones are.
   */
  get isFarBehind(): boolean {
    if (this.#opening.cause !== null) return true;
    const { table, head } = this.work;
    // Before an event of a newer release, no host of this definition is ahead.
    if (this.worker.haltedBy !== null || this.newer) return false;
    if (table.isShared) return table.others.areAheadOf(table.state);
    const { successor, progress } = table.state;
    if (successor) return head - successor.from > manyEvents;
    return !this.worker.state.hasCaughtUp || head - progress.position > manyEvents;
  }

  /**
   * The event before which the fold of this definition stands still, if only a newer release can read it; null while nodes
   * of another definition fold the rows that answer queries.
   */
  get newer(): NewerEvent | null {
    const { worker, work } = this;
    const newer = worker.state.isWorking ? worker.state.newer : work.table.standby.newer;
    return newer && !work.table.isFoldedElsewhere ? newer : null;
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
    const late = (why: string, newer?: NewerEvent) => new NotCaughtUpError(this.#d.name, position, reached, why, newer);
    const halt = work.elsewhere.goOn ? null : worker.haltedBy;
    if (halt !== null) throw late(halt);
    const newer = await this.#newerAfter(reached);
    if (newer) throw late(`waits: ${neededRelease(newer)}`, newer);
    const standstill = work.progressReport.standstill(
      Math.max(work.head, position),
      await work.elsewhere.isEnd(reached),
    );
    if (standstill !== null) throw late(standstill);
    worker.wake();
    const waiting = work.catchUp.wait(position, this.#d.readAfterTimeoutMs, () =>
      work.state.successor ? reached : work.state.progress.position,
    );
    work.elsewhere.watch();
    await waiting;
  }

  get awaited(): string[] {
    return [...awaitedIds(this.worker, this.work), ...(this.work.rebuilder.build?.fold.failures.ids ?? [])];
  }

  /** The event after this position, if only a newer release can read it. A standby has not read it yet. */
  async #newerAfter(reached: number): Promise<NewerEvent | null> {
    const { worker, work } = this;
    if (worker.state.isWorking || work.table.live.owner !== this.#d.owner) return worker.state.newer;
    return (await this.#d.source.page(reached, 1)).newer ?? null;
  }

  async status(): Promise<AggregateStatus> {
    const { worker, work } = this;
    // If the table does not respond, the last known position.
    const position = (await inTime(work.table.livePosition())) ?? work.state.progress.position;
    const status = await consumerStatus(this.#d, worker, work, position);
    const cause = this.#opening.cause ?? this.#besideCause(position);
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
      ...(work.table.isShared && { definitions: (await inTime(this.#definitions())) ?? [] }),
    };
  }

  /** Why rows of another generation answer queries, if there is more to say than that it is folded. */
  #besideCause(position: number): string | null {
    const { worker, work } = this;
    if (work.table.isCopying) return "its table is copied with other indexes or fields";
    const { newer } = worker.state;
    if (!newer || work.state.successor === null || worker.haltedBy !== null) return null;
    return `reads return rows of another definition, at position ${position}; those of this one wait: ${neededRelease(newer)}`;
  }

  async #definitions(): Promise<DefinitionStatus[]> {
    const { name, table, source } = this.#d;
    const lives = await table.lives();
    return lives.map(({ owner, progress: { position } }) => {
      return { definition: owner, position, nodes: source.nodesOfOwner(name, owner) };
    });
  }
}

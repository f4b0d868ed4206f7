import type { ConsumerControl } from "../../core/consumer/consumer-control.ts";
import { NotCaughtUpError, StoreUnavailableError } from "../../core/errors/errors.ts";
import { manyEvents } from "../../core/log/event-log.ts";
import type { Generation } from "../../core/table/read-table.ts";
import { Consumer } from "../consumer/consumer.ts";
import type { ControlAck } from "../consumer/control-sync.ts";
import { consumerStatus, type ConsumerStatus } from "../consumer/status.ts";
import { inTime } from "../service/in-time.ts";
import { Opener, type LogMessage } from "../service/opener.ts";
import { Folding, type FoldingDependencies } from "./table/folding.ts";
import { jobOf, type Job } from "./rebuild/actions.ts";
import type { RebuildProgress } from "./rebuild/progress.ts";
import type { ToldRebuild } from "./rebuild/told-progress.ts";

export interface AggregateStatus extends ConsumerStatus {
  rebuilding: false | RebuildProgress;
  /** Events set aside, those that wait behind one included. */
  parked: number;
  reordered: boolean;
  /** The table was folded by another definition than today's. */
  stale: boolean;
}

interface Dependencies extends FoldingDependencies {
  readAfterTimeoutMs: number;
  tell: LogMessage;
}

/** What one node does for an aggregate it hosts. */
export class AggregateHost {
  readonly #d: Dependencies;
  readonly #consumer: Consumer;
  readonly folding: Folding;
  readonly #opening: Opener;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    const { name, source, policy, metrics, warn, tell } = dependencies;
    this.#opening = new Opener({ name, open: () => this.#open(), logMessage: tell });
    this.folding = new Folding(dependencies, {
      sleep: (ms) => this.#consumer.sleep(ms),
      isInterrupted: () => this.#consumer.isInterrupted,
      isStopping: () => this.#consumer.isStopping,
    });
    this.#consumer = new Consumer({
      name,
      source,
      work: this.folding,
      maxParkedInARow: policy.maxParkedInARow,
      metrics,
      startAfresh: '"rebuild" to fold this one from its beginning',
      warn,
    });
  }

  /** @throws StoreUnavailableError while the table is not open */
  get live(): Generation {
    this.#opening.assertOpen();
    return this.folding.live;
  }

  /** Where the table's engine does not answer, the start ends without it after a while, and goes on by itself when it does. */
  start(): Promise<void> {
    return this.#opening.start();
  }

  async #open(): Promise<void> {
    await this.folding.open();
    this.#d.transforms.timeLimit.start();
    this.#consumer.start();
  }

  /** The transform that runs is finished and its batch committed; then the table is closed. */
  async stop(): Promise<void> {
    this.#d.transforms.timeLimit.shortenForShutdown();
    await this.#opening.stop();
    await this.#consumer.stop();
    this.#d.transforms.timeLimit.end();
    await this.folding.close();
  }

  wake(head?: number): void {
    this.#consumer.wake(head);
  }

  takeOver(): void {
    this.#consumer.takeOver();
  }

  interrupt(): void {
    this.#consumer.interrupt();
  }

  /** The progress of a rebuild that another node does. */
  noteTold(told: ToldRebuild): void {
    this.folding.noteTold(told);
  }

  follow(revision: number, isPatient: boolean): Promise<ControlAck> {
    this.#opening.assertOpen();
    return this.#consumer.follow(revision, isPatient);
  }

  /** Answers the position of the table's switch. @throws RebuildFailedError and others: why there was none */
  built(order: string): Promise<number> {
    const built = this.folding.rebuilding.wait(order);
    this.#consumer.interrupt();
    return built;
  }

  async control(): Promise<ConsumerControl> {
    return (await this.#d.source.page(this.folding.progress.position, 0)).control;
  }

  /** What is being built beside the live table, or was ordered and is not done. */
  async running(): Promise<Job | null> {
    await this.#d.table.refresh();
    const { build } = await this.control();
    if (build && build.ended === undefined && this.live.origin.order !== build.id) return jobOf(build);
    // Stopped or paused, what follows the change stands still: an order may take its place.
    const isAtWork = this.folding.isFollowingChange && this.#consumer.condition.blockedBy === null;
    return isAtWork ? { order: "", kind: "change" } : null;
  }

  /**
   * Whether another host's rows are to be preferred: this table is not open, has just begun, or its node was away for long.
   * While a new definition is folded, the live rows are as complete as any.
   */
  get isFarBehind(): boolean {
    if (this.#opening.cause !== null) return true;
    const { condition } = this.#consumer;
    if (this.folding.isShared || this.folding.isFollowingChange || condition.blockedBy !== null) return false;
    return !condition.hasCaughtUp || this.folding.lag > manyEvents;
  }

  /** Whether a reader of this position would have to wait. */
  isBehind(position: number): boolean {
    const { isBehindForLong, progress } = this.folding;
    return position > 0 && (isBehindForLong || !this.#consumer.condition.isLogKnown || progress.position < position);
  }

  /**
   * Waits until the rows that queries are answered from are folded up to the position.
   * @throws NotCaughtUpError; StoreUnavailableError where the node stops
   */
  async caughtUpTo(position: number): Promise<void> {
    if (this.#consumer.isStopping) throw new StoreUnavailableError(this.#d.name, "is stopping");
    this.#opening.assertOpen();
    const reached = await this.folding.livePosition();
    if (reached >= position && this.#consumer.condition.isLogKnown) return;
    const still = this.#consumer.condition.blockedBy;
    if (still) throw new NotCaughtUpError(this.#d.name, position, reached, still);
    this.#consumer.wake();
    await this.folding.catchUp.wait(position, this.#d.readAfterTimeoutMs, () => this.folding.progress.position);
  }

  async status(): Promise<AggregateStatus> {
    const { folding } = this;
    // Where the table does not answer, as it was seen last.
    const position = (await inTime(folding.livePosition())) ?? folding.progress.position;
    const status = await consumerStatus(this.#d, this.#consumer, position);
    const { cause } = this.#opening;
    return {
      ...status,
      ...(cause !== null && { state: "waiting", cause }),
      rebuilding: folding.rebuildProgress(status.head),
      parked: folding.parkedCount,
      reordered: folding.progress.reordered,
      stale: folding.isStale,
    };
  }
}

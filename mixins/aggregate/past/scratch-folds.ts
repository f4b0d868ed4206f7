import { setTimeout } from "node:timers/promises";
import { NewerEventError } from "../../../core/catalogue/newer-event.ts";
import type { Stretch } from "./altered-history.ts";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import { RebuildFailedError } from "../../../core/errors/snapshot-errors.ts";
import type { Mapping } from "../../../core/rows/mapping.ts";
import { isOutage } from "../../../core/errors/outage.ts";
import type { Generation, ParkedEvent, ParkedStream } from "../../../core/table/read-table.ts";
import { Semaphore } from "../../../core/concurrency/semaphore.ts";
import { times } from "../../../core/concurrency/times.ts";
import type { ConsumerPage } from "../../consumer/consumer-page.ts";
import type { ErrorPolicy, Interruption } from "../../consumer/error-policy.ts";
import type { EventSource } from "../../consumer/event-source.ts";
import { Fold } from "../fold/fold.ts";
import type { LateSource } from "../fold/late-fold.ts";
import { inOrder, mostListed } from "../fold/parked-list.ts";
import { parkedAs, withoutWaiting } from "../../consumer/parked-streams.ts";
import type { Folds } from "../fold/folds.ts";
import type { PointInTime } from "./points-in-time.ts";
import { ScratchFolder } from "./scratch-folder.ts";
import { startGeneration, type StartDependencies } from "./start-generation.ts";
import type { Transform } from "../fold/transform.ts";

export interface ScratchDependencies extends StartDependencies {
  mappings: readonly Mapping<Transform>[];
  policy: ErrorPolicy;
  folds: Folds;
  source: Pick<EventSource, "page"> & LateSource;
  /** The position up to which the live table is folded. */
  livePosition: () => Promise<number>;
}

/** A temporary table, and the events that could not be folded into it. */
export interface Scratch {
  generation: Generation;
  /** Parked events, and the first of those that wait behind them. */
  parked: ParkedEvent[];
  streams: readonly ParkedStream[];
}

interface Wanted {
  point: PointInTime;
  /** The fold may start from a table that is folded up to this position at most; 0 to start from an empty one. */
  startAtMost: number;
  /** Alters each page before it is folded. Called once for each page, in order. */
  alter?: <Page extends Stretch>(page: Page) => Promise<Page>;
}

const eventsPerPage = 1000;
const mostAtATime = 2;
/** Bounds the queries and callers that are kept in memory. */
const mostWaiting = 100;
/** Folds the log, or an altered one, into temporary generations, while the caller waits. */
export class ScratchFolds {
  readonly #d: ScratchDependencies;
  readonly #folder: ScratchFolder;
  readonly #foldSemaphore: Semaphore;
  /** A separate semaphore, because work on a copy waits for folds: with a shared one both could deadlock. */
  readonly #copySemaphore: Semaphore;
  #end = new AbortController();

  constructor(dependencies: ScratchDependencies) {
    this.#d = dependencies;
    this.#folder = new ScratchFolder(dependencies.name, dependencies.table);
    const bound = { of: dependencies.name, maxWaiting: mostWaiting };
    this.#foldSemaphore = new Semaphore(mostAtATime, bound);
    this.#copySemaphore = new Semaphore(mostAtATime, bound);
  }

  start(): void {
    this.#end = new AbortController();
  }

  /** Aborts running folds between two events. */
  stop(): void {
    this.#end.abort();
  }

  /** @throws StoreUnavailableError if the host is stopping */
  assertRunning(): void {
    if (this.#end.signal.aborted) throw new StoreUnavailableError(this.#d.name, "is stopping");
  }

  /**
   * Folds a temporary table. The caller must drop it.
   * @throws the error of an outage that persists; RebuildFailedError if too many consecutive events were parked
   */
  build(wanted: Wanted): Promise<Scratch> {
    return this.#foldSemaphore.run(async () => {
      this.assertRunning();
      const generation = await startGeneration(this.#d, wanted.startAtMost, () => this.copyOfLive());
      const transforms = this.#d.folds.begin(null);
      // Collected here, because injected events cannot be read from the log later. Keyed by id, because after an outage a
      // batch is folded again.
      const waiting = new Map<string, ParkedEvent>();
      try {
        const policy = { ...this.#d.policy, delayMs: 0 };
        const fold = await Fold.on({
          ...this.#d,
          ...this.#interruption,
          transforms,
          policy,
          generation,
          spans: null,
          onCommit: () => {},
          onWait: (event) => {
            if (waiting.size < mostListed) waiting.set(event.id, parkedAs(event, null));
          },
          warn: () => {},
        });
        await this.#fold(fold, wanted);
        const streams = fold.state.parked.list();
        return { generation, streams, parked: inOrder([...streams.map(withoutWaiting), ...waiting.values()]) };
      } catch (error) {
        await this.#d.table.drop(generation);
        throw error;
      } finally {
        this.#d.folds.end(transforms);
      }
    });
  }

  /**
   * Runs work that copies a whole table. Limited, because each copy takes a thread and the table's size on disk. Must not
   * be called by `work` or during `build`, which would deadlock.
   * @throws StoreUnavailableError if too many calls wait or the host is stopping
   */
  copying<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    return this.#copySemaphore.run(() => {
      this.assertRunning();
      return work();
    });
  }

  /** A consistent copy of the live table, and the position up to which it is folded. The caller must drop it. */
  async copyOfLive(): Promise<{ generation: Generation; position: number }> {
    const { table } = this.#d;
    // The stored checkpoint may lag behind this by events that are not mapped, which change nothing.
    const reached = await this.#d.livePosition();
    return this.#folder.use(async (folder) => {
      const { checksum, progress } = await table.backup(folder);
      const generation = await table.restore(folder, checksum, "");
      return { generation, position: Math.max(reached, progress.position) };
    });
  }

  get #interruption(): Interruption {
    const isStopping = () => this.#end.signal.aborted;
    return { sleep: (ms) => this.#sleep(ms), isInterrupted: isStopping, isStopping };
  }

  async #sleep(ms: number): Promise<void> {
    await setTimeout(ms, undefined, { signal: this.#end.signal }).catch(() => {});
  }

  async #fold(fold: Fold, { point, alter = async (page) => page }: Wanted): Promise<void> {
    await fold.skip(new Set(point.skipped));
    let { position } = fold.state.settled;
    // Events injected right after the start position belong before the first page.
    await this.#foldPage(fold, await alter({ ...point, events: [], position }));
    while (position < point.position) {
      const limit = Math.min(eventsPerPage, point.position - position);
      const page = upTo(point, await this.#retried(() => this.#d.source.page(position, limit)));
      if (page.newer && page.position === position) throw new NewerEventError(page.newer);
      if (page.position === position || page.log !== point.log)
        throw new StoreUnavailableError(this.#d.name, `the log ends before position ${point.position}`);
      await this.#foldPage(fold, await alter(page));
      position = page.position;
      await new Promise((turn) => setImmediate(turn));
    }
    await fold.save();
  }

  async #foldPage(fold: Fold, page: FoldedPage): Promise<void> {
    await this.#retried(async () => {
      // By id, because injected events share their positions with real ones.
      const last = page.events.findIndex(({ id }) => id === fold.state.settled.positionId);
      await fold.foldPage({ ...page, events: page.events.slice(last + 1) });
    });
    this.assertRunning();
    const { foldEndCause } = fold.failures;
    if (foldEndCause !== null) throw new RebuildFailedError(this.#d.name, foldEndCause);
  }

  /** Retries after an outage, but only up to `times.pastRetry.lastMs`, because a caller waits. */
  async #retried<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    for (let waitMs = times.pastRetry.firstMs; ; waitMs *= 2) {
      this.assertRunning();
      try {
        return await work();
      } catch (error) {
        if (!isOutage(error) || waitMs > times.pastRetry.lastMs) throw error;
        await this.#sleep(waitMs);
      }
    }
  }
}

type FoldedPage = Parameters<Fold["foldPage"]>[0];

function upTo({ position, positionId }: PointInTime, page: ConsumerPage): ConsumerPage {
  if (page.position <= position) return page;
  return { ...page, events: page.events.filter((event) => event.position <= position), position, positionId };
}

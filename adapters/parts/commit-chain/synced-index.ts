import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import type { Building, OpenOptions } from "../../../core/log/event-log.ts";
import { silent, StateLog, type Debug } from "../../../core/text/state-log.ts";
import { Semaphore } from "../../../core/concurrency/semaphore.ts";
import { whenFree } from "../../sqlite/busy.ts";
import { translate } from "../../sqlite/errors.ts";
import type { LogFile } from "../../sqlite/log-file.ts";
import { identityIn } from "./begin.ts";
import { BuildProgress } from "./build-progress.ts";
import type { CommitChain } from "./commit-chain.ts";
import { assertContained } from "./contained.ts";
import { IndexFile, isDamage } from "./index-file.ts";
import { isOfChain } from "./presence.ts";

/** Records of one page. The event loop runs other work between pages. */
const recordsPerPage = 500;

/** The host's index, kept in step with the chain. All changes of it run under one mutex. */
export class SyncedIndex {
  readonly #chain: CommitChain;
  readonly #indexPath: string;
  readonly #isAnew: boolean;
  readonly #mutex = new Semaphore(1);
  readonly #refreshes = new Semaphore(1);
  #index: IndexFile | null = null;
  /** The index is being rebuilt: reads wait until it has caught up with the chain. */
  #isRebuildingIndex = false;
  readonly #progress: BuildProgress;
  /** Set by `open`; also for the other parts of the log. */
  debug: Debug = silent;
  readonly #stateLog: StateLog;
  /** A refresh that has not begun yet, shared by all readers that call until then. */
  #nextRefresh: Promise<void> | null = null;

  /** @param isAnew the index of a log that the server has lost may be discarded */
  constructor(chain: CommitChain, indexPath: string, isAnew: boolean) {
    this.#chain = chain;
    this.#indexPath = indexPath;
    this.#isAnew = isAnew;
    this.#progress = new BuildProgress(chain);
    this.#stateLog = new StateLog(`${chain.location} index`, "closed", (...line) => this.debug(...line));
  }

  /** Null unless the index is far behind the chain. */
  get building(): Building | null {
    return this.#progress.building;
  }

  open(options: OpenOptions): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#index) return;
      this.debug = options.debug ?? silent;
      const { create = true, warn = () => {}, onProgress = () => {} } = options;
      await this.#chain.open({ create, warn });
      let index: IndexFile | undefined;
      try {
        index = await whenFree(() => IndexFile.open(this.#indexPath, this.#chain.location));
        this.#progress.onStep = onProgress;
        await this.#join(index, { ...options, create });
        await this.catchUp(index);
        this.#progress.onStep = () => {};
        this.#index = index;
        this.#logState(index, "complete");
      } catch (error) {
        this.#progress.end();
        await index?.close();
        await this.#chain.close();
        throw error;
      }
    });
  }

  /**
   * Compares the index with the chain before the first write.
   * @throws UnusableStoreError if the chain has lost commits
   */
  async #join(index: IndexFile, options: OpenOptions & { create: boolean }): Promise<void> {
    const { identity: known, path, log } = index;
    const isAnew = this.#isAnew;
    const knownLog = log.head > 0 ? { identity: known, head: log.head, path } : null;
    const identity = await identityIn(this.#chain, knownLog, { ...options, isAnew });
    this.#logState(index, known === "" ? "empty" : "found");
    if (known === "") return index.name(identity);
    if (known === identity && (await isOfChain(this.#chain, index))) return;
    if (knownLog && !isAnew) await assertContained(this.#chain, index, identity, this.#progress);
    this.#logState(index, "rebuilding", `found log ${known} in the index, ${identity} in the chain`);
    await index.rebuild(identity);
  }

  /** Waits for running commits and reads of the chain. */
  close(): Promise<void> {
    return this.#refreshes.run(() =>
      this.#mutex.run(async () => {
        const index = this.#index;
        this.#index = null;
        if (!index) return;
        this.#logState(index, "closed");
        await index.close();
        await this.#chain.close();
      }),
    );
  }

  assertOpen(): IndexFile {
    if (!this.#index) throw new StoreUnavailableError(this.#chain.location, "the event log is not open");
    return this.#index;
  }

  /** Runs `ask` on the index as it is, which may be behind the chain. */
  async readLocal<Answer>(ask: (log: LogFile) => Answer | Promise<Answer>): Promise<Answer> {
    const index = this.assertOpen();
    const { log } = index;
    try {
      log.files.check();
      const answer = await whenFree(() => ask(log));
      if (index.log === log) return answer;
    } catch (error) {
      if (index.log === log) {
        if (!isDamage(error)) throw translate(index.path, error);
        await this.#mutex.run(() => this.#rebuildIndex(index, error));
        return ask(index.log);
      }
    }
    // The index was rebuilt during `ask`, so the result may be incomplete.
    return this.readLatest(ask);
  }

  /** Linearizable: runs `ask` on an index that has every record the chain had at the call. */
  async readLatest<Answer>(ask: (log: LogFile) => Answer | Promise<Answer>): Promise<Answer> {
    this.assertOpen();
    this.#nextRefresh ??= this.#refresh();
    await this.#nextRefresh;
    return this.#isRebuildingIndex ? this.readLatest(ask) : this.readLocal(ask);
  }

  /** Commits continue while the chain is read; only folding the records takes the mutex. */
  async #refresh(): Promise<void> {
    // Without this turn an idle `run` would clear `#nextRefresh` before the caller sets it, and later readers would share
    // a refresh that has already begun.
    await Promise.resolve();
    await this.#refreshes.run(async () => {
      this.#nextRefresh = null;
      while (!(await this.#refreshPage()));
    });
  }

  /** Folds one page; true if the chain has no more records. */
  async #refreshPage(): Promise<boolean> {
    const { seen } = this.assertOpen();
    const { records, end } = await this.#chain.read(seen, recordsPerPage);
    return this.#mutex.run(() =>
      this.#rebuildingIfDamaged(async (index) => {
        // A rebuild may have set the index back meanwhile: then records are missing in between.
        if (index.seen < seen) return false;
        // A commit may have added some of the records meanwhile.
        await whenFree(() => index.fold(records.slice(index.seen - seen)));
        await this.#progress.record(index.seen, end);
        // Set by a rebuild that failed before it had caught up.
        if (end && this.#isRebuildingIndex) this.#endRebuild(index);
        return end;
      }),
    );
  }

  /** Folds the records that the index lacks; call it in `exclusively`. False if there were none. */
  async catchUp(index: IndexFile): Promise<boolean> {
    for (let isAny = false; ;) {
      const { records, end } = await this.#chain.read(index.seen, recordsPerPage);
      await whenFree(() => index.fold(records));
      isAny ||= records.length > 0;
      await this.#progress.record(index.seen, end);
      if (end) return isAny;
    }
  }

  /** Runs `work` alone: no other commit or refresh changes the index meanwhile. */
  exclusively<Answer>(work: (index: IndexFile) => Promise<Answer>): Promise<Answer> {
    this.assertOpen();
    return this.#mutex.run(() => this.#rebuildingIfDamaged(work));
  }

  async #rebuildingIfDamaged<Answer>(work: (index: IndexFile) => Promise<Answer>): Promise<Answer> {
    const index = this.assertOpen();
    try {
      return await work(index);
    } catch (error) {
      if (!isDamage(error)) throw translate(index.path, error);
      await this.#rebuildIndex(index, error);
      return work(index);
    }
  }

  async #rebuildIndex(index: IndexFile, cause: unknown): Promise<void> {
    this.#logState(index, "rebuilding", String(cause));
    this.#isRebuildingIndex = true;
    await index.rebuild();
    await this.catchUp(index);
    this.#endRebuild(index);
  }

  #endRebuild(index: IndexFile): void {
    this.#isRebuildingIndex = false;
    this.#logState(index, "complete");
  }

  #logState({ path, seen }: IndexFile, to: string, cause: string | null = null): void {
    this.#stateLog.change(to, () => ({ path, seen }), cause);
  }
}

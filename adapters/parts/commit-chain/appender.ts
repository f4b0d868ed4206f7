import { randomUUID } from "node:crypto";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import { setTimeout as wait } from "node:timers/promises";
import type { Building, OpenOptions } from "../../../core/log/event-log.ts";
import { Semaphore } from "../../../core/concurrency/semaphore.ts";
import { whenFree } from "../../sqlite/busy.ts";
import { translate } from "../../sqlite/errors.ts";
import type { LogFile } from "../../sqlite/log-file.ts";
import { addRecord } from "./add-record.ts";
import { identityIn } from "./begin.ts";
import { BuildProgress } from "./build-progress.ts";
import type { CommitChain } from "./commit-chain.ts";
import { assertContained } from "./contained.ts";
import { Fairness } from "./fairness.ts";
import { IndexFile, isDamage } from "./index-file.ts";
import { retry } from "../retry.ts";
import { assertOfChain, isOfChain } from "./presence.ts";
import { toRecords, type Change } from "./record.ts";

/** What is to be answered if this change is stored; with null there is nothing to store. */
export interface Decision<Answer> {
  answer: Answer;
  change: Change | null;
}

/** Records asked for at a time; between two pages the event loop runs. */
const recordsPerPage = 500;

/**
 * The host's end of a chain: the index, and the one way in which it changes. Whatever changes it takes its turn, so each
 * decision is made on the index as it was when the record before it was the chain's last.
 */
export class Appender {
  readonly #chain: CommitChain;
  readonly #indexPath: string;
  readonly #isAnew: boolean;
  readonly #mutex = new Semaphore(1);
  readonly #looks = new Semaphore(1);
  readonly #fairness = new Fairness();
  /** Named in each commit; undefined where no other host can reach this one. */
  node: string | undefined;
  #index: IndexFile | null = null;
  /** The index is being made anew, and answers nothing but what it will say again. */
  #isRebuildingIndex = false;
  readonly #progress: BuildProgress;
  /** A look at the chain's end that has not begun: whoever asks by then shares it. */
  #nextLook: Promise<void> | null = null;

  /** @param isAnew what the index has of a log that is not on the server any more may be disregarded */
  constructor(chain: CommitChain, indexPath: string, isAnew: boolean) {
    this.#chain = chain;
    this.#indexPath = indexPath;
    this.#isAnew = isAnew;
    this.#progress = new BuildProgress(chain);
  }

  /** While the index is far behind the chain; otherwise null. */
  get building(): Building | null {
    return this.#progress.building;
  }

  open(options: OpenOptions): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#index) return;
      const { create = true, warn = () => {}, onProgress = () => {} } = options;
      await this.#chain.open({ create, warn });
      let index: IndexFile | undefined;
      try {
        index = await whenFree(() => IndexFile.open(this.#indexPath));
        this.#progress.onStep = onProgress;
        await this.#join(index, { ...options, create });
        await this.#catchUp(index);
        this.#progress.onStep = () => {};
        this.#index = index;
      } catch (error) {
        this.#progress.end();
        await index?.close();
        await this.#chain.close();
        throw error;
      }
    });
  }

  /** Before anything is written to the chain, the index shows whether there was more. @throws UnusableStoreError */
  async #join(index: IndexFile, options: OpenOptions & { create: boolean }): Promise<void> {
    const { identity: known, path, log } = index;
    const isAnew = this.#isAnew;
    const knownLog = log.head > 0 ? { identity: known, head: log.head, path } : null;
    const identity = await identityIn(this.#chain, knownLog, { ...options, isAnew });
    if (known === "") return index.name(identity);
    if (known === identity && (await isOfChain(this.#chain, index))) return;
    if (knownLog && !isAnew) await assertContained(this.#chain, index, identity, this.#progress);
    await index.rebuild(identity);
  }

  /** Waits for what was accepted. */
  close(): Promise<void> {
    return this.#looks.run(() =>
      this.#mutex.run(async () => {
        const index = this.#index;
        this.#index = null;
        if (!index) return;
        await index.close();
        await this.#chain.close();
      }),
    );
  }

  refuseClosed(): IndexFile {
    if (!this.#index) throw new StoreUnavailableError(this.#chain.location, "the event log is not open");
    return this.#index;
  }

  /** What the index says as it is. */
  async readLocal<Answer>(ask: (log: LogFile) => Answer | Promise<Answer>): Promise<Answer> {
    const index = this.refuseClosed();
    const { log } = index;
    try {
      log.files.check();
      const answer = await whenFree(() => ask(log));
      if (index.log === log) return answer;
    } catch (error) {
      if (index.log === log) {
        if (!isDamage(error)) throw translate(index.path, error);
        await this.#mutex.run(() => this.#rebuildIndex(index));
        return ask(index.log);
      }
    }
    // The index was made anew during a long look: what was found may be a part of it.
    return this.readLatest(ask);
  }

  /** What the index says when it has everything that was in the chain when this was called. */
  async readLatest<Answer>(ask: (log: LogFile) => Answer | Promise<Answer>): Promise<Answer> {
    this.refuseClosed();
    this.#nextLook ??= this.#look();
    await this.#nextLook;
    return this.#isRebuildingIndex ? this.readLatest(ask) : this.readLocal(ask);
  }

  /** Commits go on while the chain is asked: only what it answers takes a turn. */
  async #look(): Promise<void> {
    // A look that is free begins at once: before it is known as the next.
    await Promise.resolve();
    await this.#looks.run(async () => {
      this.#nextLook = null;
      while (!(await this.#lookOn()));
    });
  }

  /** Whether that was the chain's end. */
  async #lookOn(): Promise<boolean> {
    const { seen } = this.refuseClosed();
    const { records, end } = await this.#chain.read(seen, recordsPerPage);
    return this.#mutex.run(() =>
      this.#rebuildingIfDamaged(async (index) => {
        // Made anew meanwhile it may know less, after a commit more.
        if (index.seen < seen) return false;
        await whenFree(() => index.fold(records.slice(index.seen - seen)));
        await this.#progress.note(index.seen, end);
        // What a failed attempt had left to be done.
        if (end) this.#isRebuildingIndex = false;
        return end;
      }),
    );
  }

  /**
   * Decides on the whole chain, adds the decision to it, and answers when it is there. Whatever `decide` does to the index
   * is taken back; refusals and answers that change nothing are not older than the call, either.
   *
   * @param overtaken is called when another host was first; what it returns is the answer, and nothing is added
   */
  async commit<Answer>(
    decide: (log: LogFile) => Decision<Answer>,
    overtaken?: () => Answer | undefined,
  ): Promise<Answer> {
    this.refuseClosed();
    return this.#mutex.run(() => this.#rebuildingIfDamaged((index) => this.#commit(index, decide, overtaken)));
  }

  async #commit<Answer>(
    index: IndexFile,
    decide: (log: LogFile) => Decision<Answer>,
    overtaken?: () => Answer | undefined,
  ): Promise<Answer> {
    let isFresh = false;
    const look = async () => {
      isFresh = true;
      await this.#catchUp(index);
      return null;
    };
    await this.#pauseIfBusy();
    return retry(this.#chain.location, async () => {
      let decision: Decision<Answer>;
      try {
        index.log.files.check();
        decision = await whenFree(() => index.log.transact(() => decide(index.log), "ROLLBACK"));
      } catch (error) {
        if (isFresh || isDamage(error)) throw error;
        return look();
      }
      const { answer, change } = decision;
      if (!change) return isFresh ? { answer } : look();
      if (await this.#add(index, change)) return { answer };
      isFresh = true;
      // The next number is taken, and yet nothing is there: the chain may have lost its end.
      if (!(await this.#catchUp(index))) await assertOfChain(this.#chain, index);
      const instead = overtaken?.();
      return instead === undefined ? null : { answer: instead };
    });
  }

  async #pauseIfBusy(): Promise<void> {
    const breakMs = this.#fairness.pauseMs(performance.now());
    if (breakMs === 0) return;
    await wait(breakMs);
    this.#fairness.rested(performance.now());
  }

  /** Answers whether it is in the chain. A commit in several records is overtaken as long as its last is not there. */
  async #add(index: IndexFile, change: Change): Promise<boolean> {
    const { maxBytes } = this.#chain;
    const records = toRecords({ id: randomUUID(), after: index.end.commit, by: this.node, change }, maxBytes);
    const began = performance.now();
    for (const [place, record] of records.entries())
      if (!(await addRecord(this.#chain, index.seen + 1 + place, record))) {
        this.#fairness.overtaken(performance.now());
        return false;
      }
    this.#fairness.added(began, performance.now());
    try {
      await whenFree(() => index.fold(records));
    } catch {
      // It is stored, whatever is wrong with the index: the next look takes it up again, and says so.
    }
    return true;
  }

  /** Takes up what is behind the index; answers whether there was anything. */
  async #catchUp(index: IndexFile): Promise<boolean> {
    for (let isAny = false; ;) {
      const { records, end } = await this.#chain.read(index.seen, recordsPerPage);
      await whenFree(() => index.fold(records));
      isAny ||= records.length > 0;
      await this.#progress.note(index.seen, end);
      if (end) return isAny;
    }
  }

  async #rebuildingIfDamaged<Answer>(work: (index: IndexFile) => Promise<Answer>): Promise<Answer> {
    const index = this.refuseClosed();
    try {
      return await work(index);
    } catch (error) {
      if (!isDamage(error)) throw translate(index.path, error);
      await this.#rebuildIndex(index);
      return work(index);
    }
  }

  async #rebuildIndex(index: IndexFile): Promise<void> {
    this.#isRebuildingIndex = true;
    await index.rebuild();
    await this.#catchUp(index);
    this.#isRebuildingIndex = false;
  }
}

import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { whenFree } from "../../sqlite/busy.ts";
import type { LogFile } from "../../sqlite/log-file.ts";
import { retry } from "../retry.ts";
import { addRecord } from "./add-record.ts";
import type { CommitChain } from "./commit-chain.ts";
import { Fairness } from "./fairness.ts";
import { isDamage, type IndexFile } from "./index-file.ts";
import { assertOfChain } from "./presence.ts";
import { toRecords, type Change } from "./record.ts";
import type { SyncedIndex } from "./synced-index.ts";

/** The result for the caller once `change` is stored; null if there is nothing to store. */
export interface Decision<Answer> {
  answer: Answer;
  change: Change | null;
}

/**
 * Appends to a chain: decides on the host's index, and adds the decision as the chain's next record. Each decision is
 * based on the index as of the record before it.
 */
export class Appender {
  readonly #chain: CommitChain;
  readonly index: SyncedIndex;
  readonly #fairness = new Fairness();
  /** This host's node, stored in each commit; undefined if other hosts cannot reach it. */
  node: string | undefined;

  constructor(chain: CommitChain, index: SyncedIndex) {
    this.#chain = chain;
    this.index = index;
  }

  /**
   * Decides on the index, and appends the decision to the chain. If another host was first, catches up and decides
   * again. The index changes of `decide` are rolled back: only a stored record changes the index. Errors and results
   * without a change are also decided on an index that has every record as of the call.
   *
   * @param overtaken called if another host was first; if it returns a result, that is returned and nothing is added
   */
  async commit<Answer>(
    decide: (log: LogFile) => Decision<Answer>,
    overtaken?: () => Answer | undefined,
  ): Promise<Answer> {
    return this.index.exclusively((index) => this.#commit(index, decide, overtaken));
  }

  async #commit<Answer>(
    index: IndexFile,
    decide: (log: LogFile) => Decision<Answer>,
    overtaken?: () => Answer | undefined,
  ): Promise<Answer> {
    let isUpToDate = false;
    const refresh = async () => {
      isUpToDate = true;
      await this.index.catchUp(index);
      return null;
    };
    await this.#pauseIfBusy();
    return retry(this.#chain.location, async () => {
      let decision: Decision<Answer>;
      try {
        index.log.files.check();
        decision = await whenFree(() => index.log.transact(() => decide(index.log), "ROLLBACK"));
      } catch (error) {
        if (isUpToDate || isDamage(error)) throw error;
        return refresh();
      }
      const { answer, change } = decision;
      if (!change) return isUpToDate ? { answer } : refresh();
      if (await this.#add(index, change)) return { answer };
      isUpToDate = true;
      this.index.debug(`${this.#chain.location} commit: decided -> overtaken`, { seen: index.seen, node: this.node });
      // The number is taken, but the chain has no new record: it may have lost its last ones.
      if (!(await this.index.catchUp(index))) await assertOfChain(this.#chain, index);
      const instead = overtaken?.();
      return instead === undefined ? null : { answer: instead };
    });
  }

  async #pauseIfBusy(): Promise<void> {
    const pauseMs = this.#fairness.pauseMs(performance.now());
    if (pauseMs === 0) return;
    await wait(pauseMs);
    this.#fairness.paused(performance.now());
  }

  /** False if another host was first. A commit in several records can be overtaken until its last record is stored. */
  async #add(index: IndexFile, change: Change): Promise<boolean> {
    const { maxBytes } = this.#chain;
    const records = toRecords({ id: randomUUID(), after: index.end.commit, by: this.node, change }, maxBytes);
    const began = performance.now();
    for (const [offset, record] of records.entries())
      if (!(await addRecord(this.#chain, index.seen + 1 + offset, record))) {
        this.#fairness.overtaken(performance.now());
        return false;
      }
    this.#fairness.added(began, performance.now());
    try {
      await whenFree(() => index.fold(records));
    } catch {
      // The commit is stored even if the index fails: the next refresh folds it again, and throws if the index is
      // broken.
    }
    return true;
  }
}

import { randomUUID } from "node:crypto";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import type { Progress } from "../../../core/table/read-table.ts";
import type { Debug } from "../../../core/text/state-log.ts";
import { applyJournal, applyWrites } from "./apply.ts";
import { CopyLockWait } from "./copy-lock.ts";
import { retryUntilAnswered } from "../retry.ts";
import { cutJournal, storePieces } from "./journal.ts";
import type { RowStore, Write } from "./row-store.ts";
import { generationId, generationIn, type StoredGeneration } from "./stored-generation.ts";

export interface CommitsOfHost {
  /** The epoch of the last takeover that this host knows; a generation of another owner never has it. */
  epoch: () => number;
  debug: Debug;
}

/**
 * One host's commits to one generation, numbered without gaps. One write decides a commit: it stores the journal. The
 * rows follow, each only over an earlier batch's (the fence), and then the checkpoint. A crash in between leaves the
 * journal; the next host to commit applies it again, and the fence skips the rows that were already written.
 */
export class Commits {
  readonly #store: RowStore;
  readonly #number: number;
  readonly #epoch: () => number;
  readonly #debug: Debug;
  /** The last batch that this host's rows and progress include; null if it has to read the progress first. */
  #known: number | null;

  constructor(store: RowStore, stored: StoredGeneration, { epoch, debug }: CommitsOfHost) {
    this.#store = store;
    this.#number = stored.number;
    this.#epoch = epoch;
    this.#debug = debug;
    this.#known = stored.journal === null ? stored.batch : null;
  }

  get known(): number | null {
    return this.#known;
  }

  forget(): void {
    this.#known = null;
  }

  gone(): StoreUnavailableError {
    return new StoreUnavailableError(this.#store.location, `generation ${this.#number} is no longer there`);
  }

  takenOver(): StoreUnavailableError {
    return new StoreUnavailableError(
      this.#store.location,
      `generation ${this.#number} was changed or taken over by another host; expected a read of its progress before the next batch`,
    );
  }

  async read(): Promise<StoredGeneration> {
    const stored = await generationIn(this.#store, this.#number);
    if (!stored) throw this.gone();
    return stored;
  }

  /** As of the last complete commit. The host that holds the epoch first applies a journal that a killed host left. */
  async settled(): Promise<StoredGeneration> {
    const stored = await this.read();
    if (stored.epoch !== this.#epoch()) return stored;
    if (stored.journal === null) {
      this.#known = stored.batch;
      return stored;
    }
    this.#known = null;
    await applyJournal(this.#store, stored);
    const { number: generation, batch, pieces, epoch } = stored;
    this.#debug(`${this.#store.location} journal: decided -> applied again`, { generation, batch, pieces, epoch });
    return this.settled();
  }

  async redefine(definition: string): Promise<void> {
    const expected = { epoch: this.#epoch() };
    if (!(await this.#store.heads.change(generationId(this.#number), expected, { definition }))) throw this.takenOver();
  }

  async commit(writes: readonly Write[], progress: Progress): Promise<void> {
    const known = this.#known;
    if (known === null) throw this.takenOver();
    const next = JSON.stringify(progress);
    const texts = cutJournal(writes, this.#store.maxBytes);
    const isWhole = texts.length === 1;
    const [batch, token] = [known + 1, randomUUID()];
    if (!isWhole) await storePieces(this.#store, { number: this.#number, batch, token }, texts);
    const decision = {
      batch,
      token,
      journal: isWhole ? texts[0]! : "",
      pieces: isWhole ? 0 : texts.length,
      next,
      touched: Date.now(),
    };
    this.#known = null;
    await this.#decide(known, decision);
    const decided = { ...decision, _id: generationId(this.#number), number: this.#number };
    await retryUntilAnswered(this.#store.location, () => applyWrites(this.#store, writes, decided));
    this.#known = batch;
  }

  /** @throws StoreUnavailableError if another host was first */
  async #decide(known: number, decision: { batch: number; token: string }): Promise<void> {
    const { heads } = this.#store;
    const lockWait = new CopyLockWait(this.#store);
    const epoch = this.#epoch();
    for (;;) {
      let failure: unknown;
      try {
        const expected = { epoch, batch: known, journal: null, copyLock: null };
        if (await heads.change(generationId(this.#number), expected, decision)) return;
      } catch (error) {
        failure = error;
      }
      // Read also after an error: the write may have succeeded although its response was lost.
      const stored = await retryUntilAnswered(this.#store.location, () => this.read());
      if (stored.token === decision.token) return;
      if (failure) throw failure;
      if (stored.epoch !== epoch || stored.batch !== known) throw this.takenOver();
      await lockWait.wait(stored);
    }
  }
}

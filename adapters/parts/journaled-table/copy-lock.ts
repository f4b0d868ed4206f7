import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import { times } from "../../../core/concurrency/times.ts";
import { applyJournal } from "./apply.ts";
import type { RowStore } from "./row-store.ts";
import { dropped, generationId, generationIn, type StoredGeneration } from "./stored-generation.ts";

/**
 * Blocks the commits of a generation while the end of a copy is read. Safe without clocks: the release is a
 * compare-and-set, which fails if another host has broken the lock.
 */
export class CopyLock {
  readonly #store: RowStore;
  readonly #number: number;
  readonly #id: string;
  readonly #name = randomUUID();
  #beats = 0;
  #beatenAt = performance.now();

  private constructor(store: RowStore, number: number) {
    this.#store = store;
    this.#number = number;
    this.#id = generationId(number);
  }

  /**
   * Once it resolves, no commit is decided and the last one is complete. Resolves to null if the lock was broken
   * meanwhile.
   * @throws StoreUnavailableError if the generation is gone, or other copies keep the lock for `times.copyLock.takenMs`
   */
  static async take(store: RowStore, number: number): Promise<{ lock: CopyLock; stored: StoredGeneration } | null> {
    const lock = new CopyLock(store, number);
    const lockWait = new CopyLockWait(store);
    for (const end = performance.now() + times.copyLock.takenMs; ;) {
      if (await store.heads.change(lock.#id, { copyLock: null }, { copyLock: lock.#text })) break;
      const stored = await lock.#stored();
      if (performance.now() > end)
        throw new StoreUnavailableError(store.location, "another copy has locked the generation; try again later");
      await lockWait.wait(stored);
    }
    return lock.#whenApplied();
  }

  async #stored(): Promise<StoredGeneration> {
    const stored = await generationIn(this.#store, this.#number);
    if (stored && stored.epoch !== dropped) return stored;
    throw new StoreUnavailableError(this.#store.location, `${this.#id} was replaced while it was copied`);
  }

  /** The host that decided the last commit applies it. If that takes too long, the host is presumed dead. */
  async #whenApplied(): Promise<{ lock: CopyLock; stored: StoredGeneration } | null> {
    const begun = performance.now();
    for (;;) {
      const stored = await this.#stored();
      if (stored.copyLock !== this.#text) return null;
      if (stored.journal === null) return { lock: this, stored };
      if (performance.now() - begun > times.copyLock.doneMs) await applyJournal(this.#store, stored);
      else await wait(times.copyLock.retryMs);
      await this.beat();
    }
  }

  get #text(): string {
    return `${this.#name} ${this.#beats}`;
  }

  /** The heartbeat, to be called during the copy, so that waiting hosts do not break the lock. */
  async beat(): Promise<void> {
    if (performance.now() - this.#beatenAt < times.copyLock.heartbeatMs) return;
    this.#beatenAt = performance.now();
    const before = this.#text;
    this.#beats++;
    await this.#store.heads.change(this.#id, { copyLock: before }, { copyLock: this.#text });
  }

  /** False if the lock was broken meanwhile: the copy may then be inconsistent. */
  release(): Promise<boolean> {
    return this.#store.heads.change(this.#id, { copyLock: this.#text }, { copyLock: null });
  }
}

/** Waits for the release of a copy lock, and breaks one without a heartbeat for `times.copyLock.silentMs`. */
export class CopyLockWait {
  readonly #store: RowStore;
  #seen: string | null = null;
  #since = 0;

  constructor(store: RowStore) {
    this.#store = store;
  }

  async wait({ _id, copyLock }: StoredGeneration): Promise<void> {
    if (copyLock !== this.#seen) [this.#seen, this.#since] = [copyLock, performance.now()];
    if (performance.now() - this.#since > times.copyLock.silentMs)
      await this.#store.heads.change(_id, { copyLock }, { copyLock: null });
    else await wait(times.copyLock.retryMs);
  }
}

import { StoreUnavailableError, UnusableStoreError } from "../../../core/errors/errors.ts";
import { assertFormat, formats } from "../../../core/log/stored-format.ts";
import { retryUntilAnswered } from "../retry.ts";
import { ownerIn, type Host, type Owner, type PointerState } from "./owners.ts";
import type { Head, RowStore } from "./row-store.ts";
import {
  dropped,
  generationIn,
  generationsIn,
  newGeneration,
  type About,
  type StoredGeneration,
} from "./stored-generation.ts";

const id = "pointer";

interface Stored extends Head {
  format: number;
  /** The table's name, so that a second table cannot share the documents. */
  name: string;
  /** `PointerState.owners` as JSON: a change of several of them is one step. */
  owners: string;
  next: number;
  epoch: number;
}

const stored = ({ owners, next, epoch }: PointerState) => ({ owners: JSON.stringify(owners), next, epoch });

/** The document with the numbers of the live generations and the epochs of the last takeovers. */
export class Pointer {
  readonly #store: RowStore;
  readonly #name: string;

  constructor(store: RowStore, name: string) {
    this.#store = store;
    this.#name = name;
  }

  /** @throws UnusableStoreError if the documents belong to another table, or a newer version has written them */
  async prepare(): Promise<PointerState> {
    const { heads, location } = this.#store;
    const empty = stored({ owners: [], next: 1, epoch: 0 });
    await heads.add({ _id: id, kind: "pointer", format: formats.journaledTable, name: this.#name, ...empty });
    const { name } = await this.#read();
    if (name !== this.#name)
      throw new UnusableStoreError(
        location,
        `found the table "${name}", expected "${this.#name}": give each table its own location`,
      );
    return this.read();
  }

  async #read(): Promise<Stored> {
    const found = await this.#store.heads.get(id);
    if (!found) throw new StoreUnavailableError(this.#store.location, "the table's pointer is no longer there");
    assertFormat(this.#store.location, "journaledTable", found["format"]);
    return found as Stored;
  }

  async read(): Promise<PointerState> {
    const { owners, next, epoch } = await this.#read();
    return { owners: JSON.parse(owners) as Owner[], next, epoch };
  }

  /** Applies the change to the state as it is then, in one step. Resolves to the state afterwards; null: no change. */
  async #change(change: (state: PointerState) => Partial<PointerState> | null): Promise<PointerState> {
    for (;;) {
      const before = await this.read();
      const changes = change(before);
      if (!changes) return before;
      const after = { ...before, ...changes };
      if (await this.#store.heads.change(id, stored(before), stored(after))) return after;
    }
  }

  /** Adds the owner, unless it is there. Resolves to its epoch. */
  async enter(owner: string): Promise<number> {
    const state = await this.#change((before) => (ownerIn(before, owner) ? null : withNewEpoch(before, owner)));
    return ownerIn(state, owner)!.epoch;
  }

  /**
   * Adds a generation under a new number. Its document exists before the pointer passes the number, so rows below the
   * pointer's number without such a document are leftovers.
   */
  async addGeneration(about: About): Promise<StoredGeneration> {
    for (;;) {
      const { next } = await this.read();
      const generation = newGeneration(next, about);
      const isAdded = await this.#store.heads.add(generation);
      const isNew = await this.#store.heads.change(id, { next }, { next: next + 1 });
      if (isAdded && isNew) return generation;
      // If another host has passed the number, it may be one of a removed generation, whose removal may still go on.
      if (isAdded) await this.#store.heads.remove({ _id: generation._id, token: generation.token });
    }
  }

  /** Makes the first generation live. False if another one is live already, of any owner. */
  begin(host: Host, to: number): Promise<boolean> {
    return this.#makeLive(host, to, ({ owners }) => owners.every(({ live }) => live === 0));
  }

  /** False if the owner was taken over or dropped, or has switched from `from` to another one. */
  switch(host: Host, from: number, to: number): Promise<boolean> {
    return this.#makeLive(host, to, (state) => [0, from].includes(ownerIn(state, host.owner)!.live));
  }

  /** True if `to` is live afterwards. A lost response is resolved by reading the pointer again. */
  async #makeLive(host: Host, to: number, isExpected: (state: PointerState) => boolean): Promise<boolean> {
    const isLive = ({ owners }: PointerState) => owners.some(({ live }) => live === to);
    const change = (state: PointerState) => {
      const own = ownerIn(state, host.owner);
      if (own?.epoch !== host.epoch || to < own.first || !isExpected(state)) return null;
      return { owners: [{ ...own, live: to }, ...state.owners.filter((one) => one !== own)] };
    };
    try {
      return isLive(await this.#change(change));
    } catch (error) {
      if (isLive(await retryUntilAnswered(this.#store.location, () => this.read()))) return true;
      throw error;
    }
  }

  /** Raises the epoch of the owner and of its generations; a commit with an older epoch then fails. */
  async takeOver(owner: string): Promise<number> {
    const { epoch, first } = ownerIn(await this.#change((state) => withNewEpoch(state, owner)), owner)!;
    for (const generation of await generationsIn(this.#store))
      if (generation.owner === owner && generation.number >= first) await this.#raise(generation, epoch);
    return epoch;
  }

  async #raise({ _id, number, epoch }: StoredGeneration, to: number): Promise<void> {
    const { heads } = this.#store;
    for (let found = epoch; found < to && found !== dropped;) {
      if (await heads.change(_id, { epoch: found }, { epoch: to })) return;
      const generation = await generationIn(this.#store, number);
      if (!generation) return;
      found = generation.epoch;
    }
  }

  /** Removes the owner, unless no other one has a live generation. Its generations are leftovers afterwards. */
  async drop(owner: string): Promise<void> {
    await this.#change(({ owners }) => {
      const others = owners.filter((one) => one.owner !== owner);
      const isDroppable = others.length < owners.length && others.some(({ live }) => live > 0);
      return isDroppable ? { owners: others } : null;
    });
  }
}

/** With a new epoch for the owner, which keeps its place; a new owner is the last. */
function withNewEpoch({ owners, next, epoch: last }: PointerState, owner: string): Partial<PointerState> {
  const epoch = last + 1;
  const found = owners.find((one) => one.owner === owner) ?? { owner, live: 0, first: next };
  const renewed = { ...found, epoch, touched: Date.now() };
  const isNew = !owners.some((one) => one.owner === owner);
  return { epoch, owners: isNew ? [...owners, renewed] : owners.map((one) => (one === found ? renewed : one)) };
}

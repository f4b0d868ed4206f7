import { StoreUnavailableError } from "../../core/errors/errors.ts";

/** The engine's part of ending and removing a generation. */
export interface GenerationSteps<Of> {
  /** Rolls back the running batch and refuses new ones. If omitted, `remove` does this. */
  end?: (generation: Of) => void | Promise<void>;
  remove: (generation: Of) => void | Promise<void>;
  /** True while queries read it. It is removed after them, but a switch does not wait for the removal. */
  isInUse?: (generation: Of) => boolean;
}

/**
 * The generations that a host has open: the live one, the ones being built, and replaced ones that are not removed yet.
 */
export class Generations<Of extends { readonly number: number; readonly owner: string }> {
  readonly #location: string;
  readonly #steps: GenerationSteps<Of>;
  readonly #building = new Set<Of>();
  readonly #copies = new Map<Promise<unknown>, Of>();
  readonly #removals = new Map<Of, Promise<void>>();
  #live: Of | null = null;
  #lastNumber = 0;

  constructor(location: string, steps: GenerationSteps<Of>) {
    this.#location = location;
    this.#steps = steps;
  }

  get isOpen(): boolean {
    return this.#live !== null;
  }

  /** @throws StoreUnavailableError if the table is not open */
  get live(): Of {
    if (!this.#live) throw new StoreUnavailableError(this.#location, "the read table is not open");
    return this.#live;
  }

  open(live: Of): void {
    this.#live = live;
  }

  /**
   * Replaces the generation that was `known` to be live when `live` was read: not if this host has switched meanwhile.
   * A generation that is open already stays the same object, so that it is never replaced, and removed, by itself.
   */
  replaceLive(known: Of, live: Of): Of {
    if (this.live !== known) return this.live;
    return (this.#live = [...this.#building].find(({ number }) => number === live.number) ?? live);
  }

  /** The generations that can be folded. */
  all(): Of[] {
    return [this.live, ...this.#building];
  }

  isBuilding(generation: Of): boolean {
    return this.#building.has(generation);
  }

  /**
   * Counted in memory, because a generation that is being restored is not in `all` yet: a number is never given twice.
   */
  nextNumber(): number {
    return (this.#lastNumber = Math.max(this.live.number, this.#lastNumber) + 1);
  }

  /** Adds a generation that is built beside the live one. */
  add(generation: Of): Of {
    void this.live;
    this.#building.add(generation);
    return generation;
  }

  /**
   * `store` stores which generation is live, in one step. The old generation is removed after the last copy of it ends,
   * unless it is another owner's. If the removal fails because the engine is gone, a later start removes it.
   */
  async switchTo(generation: Of, store: (old: Of) => void | Promise<void>): Promise<void> {
    const old = this.live;
    if (old === generation) return void this.#building.delete(generation);
    await store(old);
    // The table was closed meanwhile: the next start finds the switch done, and removes the old generation.
    if (!this.#live) return;
    this.#live = generation;
    this.#building.delete(generation);
    if (old.owner !== generation.owner) return;
    await this.#steps.end?.(old);
    const copies = [...this.#copies].filter(([, of]) => of === old).map(([copy]) => copy);
    const removal = Promise.allSettled(copies)
      .then(() => this.#steps.remove(old))
      .catch(() => {})
      .finally(() => this.#removals.delete(old));
    this.#removals.set(old, removal);
    if (copies.length === 0 && !this.#steps.isInUse?.(old)) await removal;
  }

  async drop(generation: Of): Promise<void> {
    void this.live;
    if (!this.#building.delete(generation)) return;
    await this.#steps.end?.(generation);
    await this.#steps.remove(generation);
  }

  /** Runs `write` on the live generation, which is not removed before the copy ends. */
  async copy<Copy>(write: (live: Of) => Promise<Copy>): Promise<Copy> {
    const { live } = this;
    const copy = write(live);
    this.#copies.set(copy, live);
    return copy.finally(() => this.#copies.delete(copy));
  }

  /** Returns the generations that were open; the engine closes them. */
  close(): Of[] {
    const open = this.#live ? this.all() : [];
    this.#live = null;
    this.#building.clear();
    return open;
  }

  /** Replaced generations that are not removed yet. */
  get replaced(): Of[] {
    return [...this.#removals.keys()];
  }

  /** Resolves when no generation is being copied or removed. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#copies.keys());
    await Promise.all(this.#removals.values());
  }
}

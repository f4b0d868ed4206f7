import { StoreUnavailableError } from "../../core/errors/errors.ts";

/** What an engine does to one of its generations. */
export interface GenerationSteps<Of> {
  /** Takes its batch back, and begins no other. Omitted: `remove` does it. */
  end?: (generation: Of) => void | Promise<void>;
  remove: (generation: Of) => void | Promise<void>;
  /** Queries have to end before it can be removed; a switch does not wait for them. */
  isInUse?: (generation: Of) => boolean;
}

/** The generations that a host has open: the live one, those that are built beside it, and those that were replaced. */
export class Generations<Of extends { readonly number: number }> {
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

  /** @throws StoreUnavailableError if the table is not open, here and below */
  get live(): Of {
    if (!this.#live) throw new StoreUnavailableError(this.#location, "the read table is not open");
    return this.#live;
  }

  open(live: Of): void {
    this.#live = live;
  }

  /** Another host has switched to it. */
  follow(live: Of): Of {
    void this.live;
    return (this.#live = live);
  }

  /** Those that can be folded. */
  all(): Of[] {
    return [this.live, ...this.#building];
  }

  isBuilding(generation: Of): boolean {
    return this.#building.has(generation);
  }

  /** Counts in memory. A number is given once: a generation that is being restored is not in `all` yet. */
  nextNumber(): number {
    return (this.#lastNumber = Math.max(this.live.number, this.#lastNumber) + 1);
  }

  /** A new generation beside the live one. */
  add(generation: Of): Of {
    void this.live;
    this.#building.add(generation);
    return generation;
  }

  /**
   * `store` writes which generation is live, in one step. The old one is removed once no copy reads it; one that cannot be
   * removed, because the engine has gone meanwhile, is a leftover for a later start.
   */
  async switchTo(generation: Of, store: (old: Of) => void | Promise<void>): Promise<void> {
    const old = this.live;
    if (old === generation) return;
    await store(old);
    // Closed meanwhile: the next start finds the switch done, and the old generation as a leftover.
    if (!this.#live) return;
    this.#live = generation;
    this.#building.delete(generation);
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

  /** Copies the live generation. */
  async copy<Copy>(write: (live: Of) => Promise<Copy>): Promise<Copy> {
    const { live } = this;
    const copy = write(live);
    this.#copies.set(copy, live);
    return copy.finally(() => this.#copies.delete(copy));
  }

  /** Returns those that were open; the engine closes them. */
  close(): Of[] {
    const open = this.#live ? this.all() : [];
    this.#live = null;
    this.#building.clear();
    return open;
  }

  /** Those that are not removed yet. */
  get replaced(): Of[] {
    return [...this.#removals.keys()];
  }

  /** Settles when no generation is being copied or removed. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#copies.keys());
    await Promise.all(this.#removals.values());
  }
}

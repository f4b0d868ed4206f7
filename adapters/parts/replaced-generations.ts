/**
 * Generations that another has taken the place of. Each is removed once no copy reads it any more; one that cannot be
 * removed, since the engine has gone meanwhile, is a leftover for a later start.
 */
export class ReplacedGenerations<Generation> {
  readonly #copies = new Set<{ of: Generation; made: Promise<unknown> }>();
  readonly #removals = new Set<Promise<void>>();

  /** Notes a copy until it is made. @throws what it throws */
  async whileCopied<Copy>(of: Generation, made: Promise<Copy>): Promise<Copy> {
    const copy = { of, made };
    this.#copies.add(copy);
    try {
      return await made;
    } finally {
      this.#copies.delete(copy);
    }
  }

  /** Settles when it is removed, or at once where something else has to end before. Never rejects. */
  async remove(old: Generation, remove: () => Promise<unknown>, isInUse = false): Promise<void> {
    const copies = [...this.#copies].filter(({ of }) => of === old).map(({ made }) => made);
    const removal = Promise.allSettled(copies)
      .then(remove)
      .then(ignored, ignored)
      .finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
    if (copies.length === 0 && !isInUse) await removal;
  }

  /** Settles when nothing is being copied or removed. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#copies].map(({ made }) => made));
    await Promise.all(this.#removals);
  }
}

const ignored = () => {};

interface Queue {
  last: Promise<unknown>;
  /** With the one whose turn it is. */
  count: number;
}

/** Work of one key runs one after the other, in the order in which it came; that of different keys side by side. */
export class KeyedMutex {
  readonly #lines = new Map<string, Queue>();

  async run<Answer>(key: string, work: () => Promise<Answer>): Promise<Answer> {
    const before = this.#lines.get(key);
    const line = before ?? { last: Promise.resolve(), count: 0 };
    this.#lines.set(key, line);
    line.count++;
    const turn = before ? before.last.then(work, work) : work();
    line.last = turn;
    try {
      return await turn;
    } finally {
      line.count--;
      if (line.count === 0) this.#lines.delete(key);
    }
  }

  /** Whether work waits behind that whose turn it is. */
  isContended(key: string): boolean {
    return (this.#lines.get(key)?.count ?? 0) > 1;
  }
}

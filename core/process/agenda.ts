interface Entry {
  key: string;
  at: number;
}

/** Which keys are due when: each once, with its earliest moment. Setting and taking cost the logarithm of their number. */
export class Agenda {
  readonly #moments = new Map<string, number>();
  /** A binary heap by moment. An entry that is not the key's moment any more is passed over when its turn comes. */
  #heap: Entry[] = [];

  /** `at`: milliseconds since 1970; null: no longer due at all. */
  set(key: string, at: number | null): void {
    if (at === null) {
      this.#moments.delete(key);
    } else if (this.#moments.get(key) !== at) {
      this.#moments.set(key, at);
      this.#push({ key, at });
    }
    if (this.#heap.length > 2 * this.#moments.size + 100) this.#compact();
  }

  /** The earliest moment; null where there is none. */
  get next(): number | null {
    this.#dropStale();
    return this.#heap[0]?.at ?? null;
  }

  /** Takes those that are due by then, at most `limit`, the earliest first. */
  take(until: number, limit: number): Entry[] {
    const due: Entry[] = [];
    for (let next = this.next; next !== null && next <= until && due.length < limit; next = this.next) {
      const entry = this.#pop();
      this.#moments.delete(entry.key);
      due.push(entry);
    }
    return due;
  }

  clear(): void {
    this.#moments.clear();
    this.#heap = [];
  }

  #dropStale(): void {
    for (let first = this.#heap[0]; first && this.#moments.get(first.key) !== first.at; first = this.#heap[0])
      this.#pop();
  }

  /** Deadlines that are replaced again and again leave their old entries behind. */
  #compact(): void {
    const entries = [...this.#moments].map(([key, at]) => ({ key, at }));
    // A sorted array is a heap.
    this.#heap = entries.toSorted((a, b) => a.at - b.at);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (heap[parent]!.at <= entry.at) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): Entry {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++;
      if (heap[child]!.at >= last.at) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

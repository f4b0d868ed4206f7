interface Entry {
  key: string;
  at: number;
}

/**
 * A queue of due times: each key at most once, with its earliest time. `set` and `take` cost the logarithm of their
 * number.
 */
export class Agenda {
  readonly #moments = new Map<string, number>();
  /** A binary heap by time. An entry that is no longer the key's current one is skipped when it reaches the top. */
  #heap: Entry[] = [];

  /** `at`: milliseconds since 1970; null removes the key. */
  set(key: string, at: number | null): void {
    if (at === null) {
      this.#moments.delete(key);
    } else if (this.#moments.get(key) !== at) {
      this.#moments.set(key, at);
      this.#push({ key, at });
    }
    if (this.#heap.length > 2 * this.#moments.size + 100) this.#compact();
  }

  /** The earliest time; null if empty. */
  get next(): number | null {
    this.#dropStale();
    return this.#heap[0]?.at ?? null;
  }

  /** Removes and returns the entries due at `until`, at most `limit`, the earliest first. */
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

  /** Replaced deadlines leave stale entries behind. */
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

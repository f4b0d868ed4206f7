interface Queue {
  last: Promise<unknown>;
  /** Including the running one. */
  count: number;
}

/** A mutex per key: work of one key runs in the order of its calls, work of different keys runs concurrently. */
export class KeyedMutex {
  readonly #queues = new Map<string, Queue>();

  async run<Answer>(key: string, work: () => Promise<Answer>): Promise<Answer> {
    const before = this.#queues.get(key);
    const queue = before ?? { last: Promise.resolve(), count: 0 };
    this.#queues.set(key, queue);
    queue.count++;
    const turn = before ? before.last.then(work, work) : work();
    queue.last = turn;
    try {
      return await turn;
    } finally {
      queue.count--;
      if (queue.count === 0) this.#queues.delete(key);
    }
  }

  /** True if work waits behind the running one. */
  isContended(key: string): boolean {
    return (this.#queues.get(key)?.count ?? 0) > 1;
  }
}

/** Caches the values of the most recently used keys. */
export class BoundedCache<Key, Value extends object> {
  readonly #most: number;
  readonly #known = new Map<Key, Value>();
  #last: { key: Key; value: Value } | null = null;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: Key, compute: () => Value): Value {
    // A query asks for the same key once per row.
    if (this.#last?.key === key) return this.#last.value;
    const known = this.#known.get(key);
    const value = known ?? compute();
    if (known !== undefined) this.#known.delete(key);
    this.#known.set(key, value);
    if (this.#known.size > this.#most) this.#known.delete(this.#known.keys().next().value!);
    this.#last = { key, value };
    return value;
  }
}

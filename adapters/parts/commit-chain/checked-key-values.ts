import { UnusableStoreError } from "../../../core/errors/errors.ts";
import type { Added, KeyValue, KeyValueChange, KeyValues } from "./commit-chain.ts";
import { settled } from "./settled.ts";

/** Keys of which the last known change is remembered. Leases and checkpoints are read all the time, and stay among them. */
const maxKnown = 10_000;

interface Known {
  number: number;
  isRemoved: boolean;
}

/**
 * Cells of a server that may lose what it acknowledged. What this host has put or read is there from then on, or a later
 * change of the same key is: a server that says otherwise, for longer than a new leader needs to catch up, has lost control
 * state. "Nothing there" would be read as a free lease and a consumer that has not begun.
 */
export class CheckedKeyValues implements KeyValues {
  readonly #cells: KeyValues;
  readonly #location: string;
  /** By key its last change that this host knows, the least recently used first. */
  readonly #known = new Map<string, Known>();
  #last = 0;
  /** What a change has shown to be lost: its number, and those after it, hide the loss from later questions. */
  #loss: string | null = null;

  constructor(location: string, cells: KeyValues) {
    this.#location = location;
    this.#cells = cells;
  }

  get maxBytes(): number {
    return this.#cells.maxBytes;
  }

  /** After a restart of the host it goes on from what is there. */
  forget(): void {
    this.#known.clear();
    this.#last = 0;
    this.#loss = null;
  }

  /** @throws UnusableStoreError where it falls */
  async last(): Promise<number> {
    if (this.#loss) this.#refuse(this.#loss);
    const known = this.#last;
    const last = await settled(
      () => this.#cells.last(),
      (last) => last >= known,
    );
    if (last < known) this.#refuse(`change ${known} of its control state is not there any more, the last is ${last}`);
    this.#last = Math.max(this.#last, last);
    return last;
  }

  /** @throws UnusableStoreError where the key is not as new as this host knows it */
  async get(key: string): Promise<KeyValueChange | null> {
    // Noted before the question: its answer may come after that of a later put.
    const known = this.#known.get(key)?.number ?? 0;
    const change = await settled(
      () => this.#cells.get(key),
      (change) => (change?.number ?? 0) >= known,
    );
    if ((change?.number ?? 0) < known)
      this.#refuse(
        `found ${change ? `change ${change.number}` : "nothing"} under the key ${key} of its control state, expected change ${known} or a later one`,
      );
    if (change) this.#know(key, change);
    return change;
  }

  /** @throws UnusableStoreError where it lacks a key that this host knows */
  async list(range: { prefix: string; after?: string; limit: number }): Promise<KeyValue[]> {
    const cells = await this.#cells.list(range);
    const { prefix, after, limit } = range;
    const end = cells.length < limit ? undefined : cells.at(-1)?.key;
    const listed = new Set(cells.map(({ key }) => key));
    const isDue = (key: string) =>
      key.startsWith(prefix) &&
      (after === undefined || isAfter(key, after)) &&
      (end === undefined || isAfter(end, key));
    // A list of its own: each look changes the order of what is known.
    const missing = Array.from(this.#known).filter(
      ([key, { isRemoved }]) => !isRemoved && isDue(key) && !listed.has(key),
    );
    for (const [key] of missing) await this.get(key);
    return cells;
  }

  async put(key: string, text: string | null, last: number): Promise<Added> {
    const added = await this.#cells.put(key, text, last);
    if (added === "added") this.#know(key, { text, number: last + 1 });
    return added;
  }

  /** @throws UnusableStoreError where the change has a number that the server has given to another one before */
  async replace(key: string, text: string, number: number): Promise<number | null> {
    if (this.#loss) this.#refuse(this.#loss);
    // Noted before the question, as in `get`.
    const known = this.#last;
    const replaced = await this.#cells.replace(key, text, number);
    if (replaced === null) return null;
    if (replaced <= known)
      this.#refuse(
        (this.#loss = `found change ${replaced} of its control state, just made, expected a number after ${known}`),
      );
    this.#know(key, { text, number: replaced });
    return replaced;
  }

  #know(key: string, { text, number }: KeyValueChange): void {
    this.#last = Math.max(this.#last, number);
    const known = this.#known.get(key);
    this.#known.delete(key);
    this.#known.set(key, known && known.number > number ? known : { number, isRemoved: text === null });
    if (this.#known.size > maxKnown) this.#known.delete(this.#known.keys().next().value!);
  }

  #refuse(what: string): never {
    throw new UnusableStoreError(
      this.#location,
      `${what}: the server has lost control state that it had acknowledged, or was put back to an earlier state; stop every host, put back a backup of it, or start the hosts again to go on from what is there`,
    );
  }
}

const isAfter = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other)) > 0;

import { UnusableStoreError } from "../../../core/errors/errors.ts";
import type { Added, KeyValue, KeyValueChange, KeyValues } from "./commit-chain.ts";
import { settled } from "./settled.ts";

/**
 * The most keys whose last change is remembered. Leases and checkpoints are used constantly, so they are not evicted.
 */
const maxKnown = 10_000;

interface Known {
  number: number;
  isRemoved: boolean;
}

/**
 * Detects a server that has lost acknowledged control state. Once this host has stored or read a change, the server
 * must return it or a later change of the key. If it does not, for longer than a new leader needs to catch up, the
 * change is lost. Without this check a missing key would pass for a free lease, or for a consumer without a checkpoint.
 */
export class CheckedKeyValues implements KeyValues {
  readonly #keyValues: KeyValues;
  readonly #location: string;
  /** The last known change by key, the least recently used first. */
  readonly #known = new Map<string, Known>();
  #last = 0;
  /** Set once a loss was detected: changes after it reuse the lost numbers, so later checks would pass. */
  #loss: string | null = null;

  constructor(location: string, entries: KeyValues) {
    this.#location = location;
    this.#keyValues = entries;
  }

  get maxBytes(): number {
    return this.#keyValues.maxBytes;
  }

  /** After a restart of the host, the server's state is accepted as it is. */
  forget(): void {
    this.#known.clear();
    this.#last = 0;
    this.#loss = null;
  }

  /** @throws UnusableStoreError if it is lower than a known change */
  async last(): Promise<number> {
    if (this.#loss) this.#throwLost(this.#loss);
    const known = this.#last;
    const last = await settled(
      () => this.#keyValues.last(),
      (last) => last >= known,
    );
    if (last < known)
      this.#throwLost(`found change ${last} as the last of its control state, expected change ${known} or a later one`);
    this.#last = Math.max(this.#last, last);
    return last;
  }

  /** @throws UnusableStoreError if the change is older than the known one */
  async get(key: string): Promise<KeyValueChange | null> {
    // Read before the request: a later `put` may get its response first.
    const known = this.#known.get(key)?.number ?? 0;
    const change = await settled(
      () => this.#keyValues.get(key),
      (change) => (change?.number ?? 0) >= known,
    );
    if ((change?.number ?? 0) < known)
      this.#throwLost(
        `found ${change ? `change ${change.number}` : "nothing"} under the key ${key} of its control state, expected change ${known} or a later one`,
      );
    if (change) this.#know(key, change);
    return change;
  }

  /** @throws UnusableStoreError if a known key is missing */
  async list(range: { prefix: string; after?: string; limit: number }): Promise<KeyValue[]> {
    const entries = await this.#keyValues.list(range);
    const { prefix, after, limit } = range;
    const end = entries.length < limit ? undefined : entries.at(-1)?.key;
    const listed = new Set(entries.map(({ key }) => key));
    const isDue = (key: string) =>
      key.startsWith(prefix) &&
      (after === undefined || isAfter(key, after)) &&
      (end === undefined || isAfter(end, key));
    // A copy, because `get` changes the order of `#known`.
    const missing = Array.from(this.#known).filter(
      ([key, { isRemoved }]) => !isRemoved && isDue(key) && !listed.has(key),
    );
    for (const [key] of missing) await this.get(key);
    return entries;
  }

  async put(key: string, text: string | null, last: number): Promise<Added> {
    const added = await this.#keyValues.put(key, text, last);
    if (added === "added") this.#know(key, { text, number: last + 1 });
    return added;
  }

  /** @throws UnusableStoreError if the server gave the change a number that it had already given to another */
  async replace(key: string, text: string, number: number): Promise<number | null> {
    if (this.#loss) this.#throwLost(this.#loss);
    // Read before the request, as in `get`.
    const known = this.#last;
    const replaced = await this.#keyValues.replace(key, text, number);
    if (replaced === null) return null;
    if (replaced <= known)
      this.#throwLost(
        (this.#loss = `found change ${replaced} of its control state as the new one, expected a number after ${known}`),
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

  #throwLost(what: string): never {
    throw new UnusableStoreError(
      this.#location,
      `${what}: the server has lost control state that it had acknowledged, or was restored to an earlier state; stop every host, restore a backup of it, or start the hosts again to continue with the present state`,
    );
  }
}

const isAfter = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other)) > 0;

import type { Collection, Db } from "mongodb";
import type { Added, KeyValue, KeyValueChange, KeyValues } from "../parts/commit-chain/commit-chain.ts";
import { keyName, keyOf } from "../../core/errors/storage-name.ts";
import { isTaken } from "./errors.ts";

/** One change of a key. The last change of a key counts; older ones are deleted. */
interface StoredChange {
  /** The number of the change. */
  _id: number;
  key: string;
  text: string | null;
}

type Call = <Answer>(work: (database: Db, name: string) => Promise<Answer>) => Promise<Answer>;

const collectionOf = (database: Db, name: string): Collection<StoredChange> => database.collection(`${name}_control`);

/**
 * Keys in a collection of their changes. The `_id` of a change is its number; since `_id` is unique, one host gets the
 * next.
 */
export class MongoKeyValues implements KeyValues {
  readonly maxBytes: number;
  readonly #call: <Answer>(work: (changes: Collection<StoredChange>) => Promise<Answer>) => Promise<Answer>;

  constructor(maxBytes: number, call: Call) {
    this.maxBytes = maxBytes;
    this.#call = (work) => call((database, name) => work(collectionOf(database, name)));
  }

  async prepare(database: Db, name: string): Promise<void> {
    await collectionOf(database, name).createIndex({ key: 1, _id: 1 });
  }

  last(): Promise<number> {
    return this.#call(async (changes) => {
      const [last] = await changes.find().sort({ _id: -1 }).limit(1).project<{ _id: number }>({ _id: 1 }).toArray();
      return last?._id ?? 0;
    });
  }

  get(key: string): Promise<KeyValueChange | null> {
    return this.#call(async (changes) => {
      const [last] = await changes
        .find({ key: keyName(key) })
        .sort({ _id: -1 })
        .limit(1)
        .toArray();
      return last ? { text: last.text, number: last._id } : null;
    });
  }

  list({ prefix, after = "", limit }: { prefix: string; after?: string; limit: number }): Promise<KeyValue[]> {
    const from = keyName(prefix);
    // Encoded keys consist of hexadecimal digits, which all sort before g.
    const range = { $gte: from, $gt: keyName(after), $lt: `${from}g` };
    return this.#call(async (changes) => {
      const entries: KeyValue[] = [];
      const take = ({ key, text }: StoredChange) => void (text !== null && entries.push({ key: keyOf(key), text }));
      let newest: StoredChange | undefined;
      for await (const change of changes.find({ key: range }).sort({ key: 1, _id: 1 })) {
        if (newest && change.key !== newest.key) take(newest);
        if (entries.length === limit) return entries;
        newest = change;
      }
      if (newest) take(newest);
      return entries;
    });
  }

  put(key: string, text: string | null, last: number): Promise<Added> {
    return this.#call(async (changes) => {
      const change = { _id: last + 1, key: keyName(key), text };
      try {
        await changes.insertOne(change);
      } catch (error) {
        if (isTaken(error)) return "taken";
        throw error;
      }
      await changes.deleteMany({ key: change.key, _id: { $lt: change._id } }).catch(() => {
        // Older changes have no effect, and the next change of the key deletes them.
      });
      return "added";
    });
  }

  async replace(key: string, text: string, number: number): Promise<number | null> {
    for (;;) {
      const last = number === 0 ? await this.#lastBefore(key) : await this.#lastSince(key, number);
      if (last === null) return null;
      if ((await this.put(key, text, last)) === "added") return last + 1;
    }
  }

  /** The number of the last change of any key, if this key was never changed; otherwise null. */
  async #lastBefore(key: string): Promise<number | null> {
    const last = await this.last();
    return (await this.get(key)) ? null : last;
  }

  /** The number of the last change of any key, if the last change of this key has that number; otherwise null. */
  #lastSince(key: string, number: number): Promise<number | null> {
    return this.#call(async (changes) => {
      const since = await changes
        .find({ _id: { $gte: number } })
        .sort({ _id: 1 })
        .project<{ _id: number; key: string }>({ _id: 1, key: 1 })
        .toArray();
      const own = since.filter((change) => change.key === keyName(key));
      return own.length === 1 && own[0]!._id === number ? since.at(-1)!._id : null;
    });
  }
}

import type { Collection } from "mongodb";
import { StoreUnavailableError, UnusableStoreError } from "../../core/errors/errors.ts";
import { times } from "../../core/concurrency/times.ts";
import type { Added, ChainOptions, CommitChain, Records } from "../parts/commit-chain/commit-chain.ts";
import { MongoKeyValues } from "./key-values.ts";
import { connect, type Connection, type MongoLocation } from "./connection.ts";
import { isTaken, translate } from "./errors.ts";

/** Below MongoDB's limit of 16 MB for a document. */
const maxBytes = 8 * 1024 * 1024;
const pageBytes = 8 * 1024 * 1024;
const documentsPerBatch = 100;

interface StoredRecord {
  _id: number;
  record: string;
}

/** A chain in a MongoDB collection: a record is a document, and its number the `_id`, which is unique. */
export class MongoChain implements CommitChain {
  readonly engine = "mongodb";
  readonly location: string;
  readonly durability = "power";
  readonly maxBytes = maxBytes;
  readonly keyValues: MongoKeyValues;
  readonly #target: MongoLocation;
  #open: (Connection & { records: Collection<StoredRecord> }) | null = null;

  constructor(location: string, target: MongoLocation) {
    this.location = location;
    this.#target = target;
    this.keyValues = new MongoKeyValues(maxBytes, (work) => this.#call(({ database }) => work(database, target.name)));
  }

  async open({ create }: ChainOptions): Promise<void> {
    const connection = await connect(this.location, this.#target, times.mongodb.answerMs);
    const { client, database } = connection;
    try {
      if (create) await this.keyValues.prepare(database, this.#target.name);
      this.#open = { ...connection, records: database.collection<StoredRecord>(`${this.#target.name}_commits`) };
    } catch (error) {
      await client.close();
      throw translate(this.location, error);
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.client.close();
  }

  async #call<Answer>(
    work: (open: Connection & { records: Collection<StoredRecord> }) => Promise<Answer>,
  ): Promise<Answer> {
    if (!this.#open) throw new StoreUnavailableError(this.location, "the connection is not open");
    try {
      return await work(this.#open);
    } catch (error) {
      throw translate(this.location, error);
    }
  }

  serverTime(): Promise<number> {
    return this.#call(async ({ database }) => {
      const { localTime } = (await database.admin().command({ hello: 1 })) as { localTime: Date };
      return localTime.getTime();
    });
  }

  add(number: number, record: string): Promise<Added> {
    return this.#call(async ({ records }) => {
      // Runs in parallel to the insertion, because the server cannot make an insertion depend on another document.
      const before = number === 1 ? null : records.findOne({ _id: number - 1 }, { projection: { _id: 1 } });
      before?.catch(() => {});
      try {
        await records.insertOne({ _id: number, record });
      } catch (error) {
        if (isTaken(error)) return "taken";
        throw error;
      }
      if (before === null || (await before) !== null) return "added";
      await records.deleteOne({ _id: number });
      throw new UnusableStoreError(
        this.location,
        `commit ${number - 1} is missing: the server has lost acknowledged commits, or its collection was dropped; stop every host: the error of the next start lists the options. Nothing was stored`,
      );
    });
  }

  read(after: number, limit: number): Promise<Records> {
    return this.#call(async ({ records }) => {
      const found: string[] = [];
      let bytes = 0;
      const cursor = records
        .find({ _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(limit)
        .batchSize(documentsPerBatch);
      for await (const { _id, record } of cursor) {
        const number = after + found.length + 1;
        if (_id !== number)
          throw new UnusableStoreError(
            this.location,
            `found commit ${_id}, expected ${number}: commits were lost or deleted`,
          );
        found.push(record);
        if ((bytes += record.length) > pageBytes) break;
      }
      return { records: found, end: found.length < limit && bytes <= pageBytes };
    });
  }

  last(): Promise<number> {
    return this.#call(async ({ records }) => {
      const [last] = await records
        .find({}, { projection: { _id: 1 } })
        .sort({ _id: -1 })
        .limit(1)
        .toArray();
      return last?._id ?? 0;
    });
  }
}

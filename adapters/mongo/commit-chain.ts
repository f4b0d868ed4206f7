import type { Collection, Db, MongoClient, MongoClientOptions } from "mongodb";
import { StoreUnavailableError, UnusableStoreError } from "../../core/errors.ts";
import type { Added, CommitChain, Records } from "../chain/commit-chain.ts";
import { peerDriver } from "../peer-driver.ts";
import { MongoCells } from "./cells.ts";
import { isTaken, translate } from "./errors.ts";

/** Below the 16 MB of a document. */
const maxBytes = 8 * 1024 * 1024;
const pageBytes = 8 * 1024 * 1024;
const documentsPerBatch = 100;
const timeoutMs = 2_000;
const writeTimeoutMs = 4_000;

interface StoredRecord {
  _id: number;
  record: string;
}

export interface MongoPlace {
  url: string;
  database: string;
  /** Begins the names of the collections. */
  name: string;
  client: MongoClientOptions;
}

/** A chain as a collection of MongoDB: a record is a document, its number the `_id`, of which there is only one each. */
export class MongoChain implements CommitChain {
  readonly engine = "mongo";
  readonly where: string;
  readonly durability = "power";
  readonly maxBytes = maxBytes;
  readonly cells: MongoCells;
  readonly #place: MongoPlace;
  #open: { client: MongoClient; records: Collection<StoredRecord> } | null = null;

  constructor(where: string, place: MongoPlace) {
    this.where = where;
    this.#place = place;
    this.cells = new MongoCells(maxBytes, (work) =>
      this.#call(({ client }) => work(this.#database(client), place.name)),
    );
  }

  async open(create: boolean): Promise<void> {
    const { url, client: options, name } = this.#place;
    const { MongoClient } = await peerDriver(this.where, "mongodb", () => import("mongodb"));
    let client: MongoClient | undefined;
    try {
      client = new MongoClient(url, {
        serverSelectionTimeoutMS: timeoutMs,
        connectTimeoutMS: timeoutMs,
        socketTimeoutMS: writeTimeoutMs,
        waitQueueTimeoutMS: timeoutMs,
        ...options,
        // The chain settles lost answers itself, and knows its own record again.
        retryWrites: false,
        readPreference: "primary",
        // What a minority has may be taken back when the primary changes: it must not get into an index.
        readConcern: { level: "majority" },
        writeConcern: { w: "majority", journal: true, wtimeoutMS: writeTimeoutMs },
      });
      await client.connect();
      const database = this.#database(client);
      if (create) await this.cells.prepare(database, name);
      this.#open = { client, records: database.collection<StoredRecord>(`${name}_commits`) };
    } catch (error) {
      await client?.close();
      throw translate(this.where, error);
    }
  }

  #database(client: MongoClient): Db {
    return client.db(this.#place.database);
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.client.close();
  }

  async #call<Answer>(
    work: (open: { client: MongoClient; records: Collection<StoredRecord> }) => Promise<Answer>,
  ): Promise<Answer> {
    if (!this.#open) throw new StoreUnavailableError(this.where, "the connection is not open");
    try {
      return await work(this.#open);
    } catch (error) {
      throw translate(this.where, error);
    }
  }

  add(number: number, record: string): Promise<Added> {
    return this.#call(async ({ records }) => {
      try {
        await records.insertOne({ _id: number, record });
        return "added";
      } catch (error) {
        if (isTaken(error)) return "taken";
        throw error;
      }
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
            this.where,
            `found commit ${_id}, expected ${number}: commits were lost or deleted`,
          );
        found.push(record);
        if ((bytes += record.length) > pageBytes) break;
      }
      return { records: found, end: found.length < limit && bytes <= pageBytes };
    });
  }
}

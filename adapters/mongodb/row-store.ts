import type { Db } from "mongodb";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { Fields } from "../../core/rows/fields.ts";
import { times } from "../../core/concurrency/times.ts";
import { kinds, type Head, type Heads, type Kind, type RowStore } from "../parts/journaled-table/row-store.ts";
import { connect, type Connection, type MongoLocation } from "./connection.ts";
import { MongoDocuments, pathOf, type StoredDocument } from "./documents.ts";
import { translate } from "./errors.ts";
import { MongoHeads } from "./heads.ts";

/** Below MongoDB's limit of 16 MB for a document. */
const maxBytes = 8 * 1024 * 1024;

/**
 * A table in collections: one for its pointer, generations and journals, and two per generation for rows and parked
 * events.
 */
export class MongoRowStore implements RowStore {
  readonly engine = "mongodb";
  readonly location: string;
  readonly durability = "power";
  readonly hosts = "many";
  readonly maxBytes = maxBytes;
  readonly sortsByBytes = true;
  readonly #target: MongoLocation;
  #connection: Connection | null = null;

  constructor(location: string, target: MongoLocation) {
    this.location = location;
    this.#target = target;
  }

  async open(): Promise<void> {
    this.#connection = await connect(this.location, this.#target, times.mongodb.queryMs);
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    await connection?.client.close();
  }

  get #database(): Db {
    if (!this.#connection) throw new StoreUnavailableError(this.location, "the connection is not open");
    return this.#connection.database;
  }

  async #run<Answer>(work: (database: Db) => Promise<Answer>): Promise<Answer> {
    try {
      return await work(this.#database);
    } catch (error) {
      throw translate(this.location, error);
    }
  }

  readonly heads: Heads = new MongoHeads(
    (work) => this.#run((database) => work(database.collection<Head>(`${this.#target.name}_table`))),
    () => this.#connection?.hasAtomicUpdates ?? true,
  );

  #collectionOf(generation: number, kind: Kind): string {
    return `${this.#target.name}_${kind}_${generation}`;
  }

  async prepare(generation: number, fields: Fields): Promise<void> {
    await this.#run(async (database) => {
      const rows = await database.createCollection(this.#collectionOf(generation, "rows"));
      // Indexes end with the id, which is the tie breaker of every sort.
      for (const { name, index, unique } of fields.values())
        if (index || unique) await rows.createIndex({ [pathOf(name)]: 1, _id: 1 });
    });
  }

  documents(generation: number, kind: Kind): MongoDocuments {
    const name = this.#collectionOf(generation, kind);
    return new MongoDocuments((work) => this.#run((database) => work(database.collection<StoredDocument>(name))));
  }

  async removeGeneration(generation: number): Promise<void> {
    for (const kind of kinds)
      await this.#run((database) => database.dropCollection(this.#collectionOf(generation, kind)));
  }

  async removeOthers(below: number, except: readonly number[]): Promise<void> {
    const prefix = `${this.#target.name}_`;
    const collections = await this.#run((database) => database.listCollections({}, { nameOnly: true }).toArray());
    const numbers = collections.flatMap(({ name }) => {
      const found = name.startsWith(prefix) && /^(?:rows|parked)_(\d+)$/.exec(name.slice(prefix.length));
      return found ? [Number(found[1])] : [];
    });
    for (const number of new Set(numbers))
      if (number < below && !except.includes(number)) await this.removeGeneration(number);
  }
}

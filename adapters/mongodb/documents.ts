import type { AnyBulkWriteOperation, Collection, MongoBulkWriteError } from "mongodb";
import type { Content, Documents, Fenced, Filter, Page, Write } from "../parts/journaled-table/row-store.ts";
import { isTaken } from "./errors.ts";

const idsPerQuery = 1_000;
/** Few enough for a slow server to respond within the time-out: otherwise all of them are sent again. */
const writesAtOnce = 100;
const documentsPerBatch = 1_000;

export interface StoredDocument {
  _id: string;
  state: State;
}

/** `$max` compares documents field by field in their stored order, so `fence` must be the first field. */
interface State {
  fence: number;
  /** False for a tombstone. */
  exists: boolean;
  row: Content | null;
}

/** The path of a field of the content in filters and indexes. */
export const pathOf = (field: string): string => `state.row.${field}`;

type Run = <Answer>(work: (documents: Collection<StoredDocument>) => Promise<Answer>) => Promise<Answer>;

/** The documents of one kind and generation, in their own collection: an id is the `_id`. */
export class MongoDocuments implements Documents {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  keyOf(id: string): string {
    return id;
  }

  pathOf(field: string): string {
    return pathOf(field);
  }

  async get(ids: readonly string[]): Promise<Fenced[]> {
    const found: Fenced[] = [];
    for (let from = 0; from < ids.length; from += idsPerQuery) {
      const some = ids.slice(from, from + idsPerQuery);
      const filter = { _id: some.length === 1 ? some[0]! : { $in: some } };
      found.push(...(await this.#run((documents) => documents.find(filter).toArray())).map(fenced));
    }
    return found;
  }

  async *find(filter: Filter, page?: Page): AsyncGenerator<Fenced> {
    const { sort, limit, offset } = page ?? { sort: {}, limit: 0, offset: 0 };
    for await (const document of this.#scan(existing(filter), { sort, limit, skip: offset }))
      if (document.state.exists) yield fenced(document);
  }

  async *writtenAfter(fence: number): AsyncGenerator<Fenced> {
    for await (const document of this.#scan({ "state.fence": { $gt: fence } }, {})) yield fenced(document);
  }

  /** Fetches batch by batch, so that the errors of every batch are translated. */
  async *#scan(filter: Filter, options: { sort?: Page["sort"]; limit?: number; skip?: number }) {
    const cursor = await this.#run(async (documents) =>
      documents.find(filter, { ...options, batchSize: documentsPerBatch, allowDiskUse: true }),
    );
    try {
      while (await this.#run(() => cursor.hasNext())) yield* cursor.readBufferedDocuments();
    } finally {
      await cursor.close();
    }
  }

  count(filter: Filter): Promise<number> {
    return this.#run((documents) => documents.countDocuments({ [exists]: true, ...filter }));
  }

  async put(writes: readonly Write[], fence: number): Promise<void> {
    for (let from = 0; from < writes.length; from += writesAtOnce) {
      const some = writes.slice(from, from + writesAtOnce);
      const added = some.filter(({ isNew }) => isNew);
      const refused = added.length > 0 ? await this.#insert(added, fence) : [];
      await this.#update([...some.filter(({ isNew }) => !isNew), ...refused], fence);
    }
  }

  /** Returns the writes whose id already exists. */
  #insert(writes: readonly Write[], fence: number): Promise<Write[]> {
    const added = writes.map((write) => ({ _id: write.id, state: stateOf(write, fence) }));
    return this.#run(async (documents) => {
      try {
        await documents.insertMany(added, { ordered: false });
        return [];
      } catch (error) {
        if (!isTaken(error)) throw error;
        const { writeErrors } = error as MongoBulkWriteError;
        const errors = Array.isArray(writeErrors) ? writeErrors : [writeErrors];
        if (!errors.every(isTaken)) throw error;
        return errors.map(({ index }) => writes[index]!);
      }
    });
  }

  async #update(writes: readonly Write[], fence: number): Promise<void> {
    if (writes.length === 0) return;
    // Each matches one document. Not `updateOne`: FerretDB 1 occupies a database connection for each one of a command.
    const updates: AnyBulkWriteOperation<StoredDocument>[] = writes.map((write) => ({
      updateMany: { filter: { _id: write.id }, update: { $max: { state: stateOf(write, fence) } } },
    }));
    await this.#run((documents) => documents.bulkWrite(updates, { ordered: false }));
  }
}

const exists = "state.exists";
const fenced = ({ _id, state: { fence, row } }: StoredDocument): Fenced => ({ id: _id, fence, content: row });
const stateOf = ({ content }: Write, fence: number): State => ({ fence, exists: content !== null, row: content });
/** An id is the whole filter: with further conditions a server might not use the index of `_id`. */
const existing = (filter: Filter): Filter =>
  typeof filter["_id"] === "string" && Object.keys(filter).length === 1 ? filter : { [exists]: true, ...filter };

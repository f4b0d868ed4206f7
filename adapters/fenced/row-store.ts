import { StoreUnavailableError, UnusableStoreError } from "../../core/errors.ts";
import type { Fields } from "../../core/fields.ts";
import type { Head, Heads, Kind, RowStore, Values } from "../journaled/row-store.ts";
import { HostFile } from "../sqlite/host-file.ts";
import {
  checkAdapter,
  createIndexes,
  strangersFor,
  type DbAdapter,
  type Entity,
  type FindParams,
  type Query,
} from "./db-adapter.ts";
import { FencedDocuments } from "./documents.ts";

/** Below the 16 MB that MongoDB takes in one document. */
const maxBytes = 8 * 1024 * 1024;

export interface FencedPlace {
  where: string;
  make: () => unknown;
  collection: string;
  durability: RowStore["durability"];
  hosts: RowStore["hosts"];
  /** The file that one host may have open; null where there is none. */
  file: string | null;
  /** Names of the tables that are open in this process. */
  open: Set<string>;
}

/** Everything of a table as entities of one moleculer-db adapter, told apart by `_id`, `kind` and `generation`. */
export class FencedStore implements RowStore {
  readonly engine = "fenced";
  readonly where: string;
  readonly durability: RowStore["durability"];
  readonly hosts: RowStore["hosts"];
  readonly maxBytes = maxBytes;
  /** NeDB compares by UTF-16, and of others nothing is known. */
  readonly sortsByBytes = false;
  readonly #place: FencedPlace;
  #adapter: DbAdapter | null = null;
  #host: HostFile | null = null;

  constructor(place: FencedPlace) {
    this.#place = place;
    this.where = place.where;
    this.durability = place.durability;
    this.hosts = place.hosts;
  }

  async open(): Promise<void> {
    const { where, make, collection, hosts, file, open } = this.#place;
    if (hosts === "one" && open.has(collection))
      throw new UnusableStoreError(where, "is open in this process already; one host at a time");
    const adapter = checkAdapter(where, make());
    if (file !== null) this.#host = new HostFile(`${file}.host`, where);
    open.add(collection);
    try {
      const { broker, service } = strangersFor(collection);
      adapter.init(broker, service);
      await adapter.connect();
      this.#adapter = adapter;
    } catch (error) {
      this.#release();
      throw new StoreUnavailableError(where, `the adapter cannot connect (${String(error)})`, error);
    }
  }

  async close(): Promise<void> {
    const adapter = this.#adapter;
    this.#adapter = null;
    try {
      await adapter?.disconnect?.();
    } finally {
      this.#release();
    }
  }

  #release(): void {
    this.#place.open.delete(this.#place.collection);
    this.#host?.close();
    this.#host = null;
  }

  /** @throws StoreUnavailableError for whatever goes wrong: adapters have no errors in common */
  async call<Answer>(work: (adapter: DbAdapter) => Promise<Answer>): Promise<Answer> {
    if (!this.#adapter) throw new StoreUnavailableError(this.where, "the adapter is not connected");
    try {
      return await work(this.#adapter);
    } catch (error) {
      throw new StoreUnavailableError(this.where, `the adapter failed (${String(error)})`, error);
    }
  }

  find(params: FindParams): Promise<Entity[]> {
    return this.call(async (adapter) => (await adapter.find(params)) as Entity[]);
  }

  /** False where one with this `_id` is there, as far as can be told from one look after a failure. */
  async insert(entity: Entity): Promise<boolean> {
    try {
      await this.call((adapter) => adapter.insert(entity));
      return true;
    } catch (error) {
      const { cause } = error as { cause?: { code?: unknown } };
      // Adapters have no error in common for this; one of the system, a full disk, means that nothing was stored.
      const isOfSystem = typeof cause?.code === "string" && /^E[A-Z]+$/.test(cause.code);
      if (isOfSystem || (await this.find({ query: { _id: entity._id } })).length === 0) throw error;
      return false;
    }
  }

  /** How many were written. */
  update(query: Query, $set: Record<string, unknown>): Promise<number> {
    return this.call((adapter) => adapter.updateMany(query, { $set }));
  }

  readonly heads: Heads = {
    get: async (id) => ((await this.find({ query: { _id: id } }))[0] as Head | undefined) ?? null,
    list: async (kind) => (await this.find({ query: { kind } })) as unknown as Head[],
    add: (head) => this.insert({ ...head }),
    change: async (id: string, expected: Values, values: Values) =>
      (await this.update({ _id: id, ...expected }, { ...values })) > 0,
    remove: async (filter) => void (await this.call((adapter) => adapter.removeMany(filter))),
  };

  async prepare(_generation: number, fields: Fields): Promise<void> {
    const indexed = [...fields.values()].filter(({ index, unique }) => index || unique);
    const names = indexed.map(({ name }) => `row.${name}`);
    await this.call((adapter) => createIndexes(adapter, names));
  }

  documents(generation: number, kind: Kind): FencedDocuments {
    return new FencedDocuments(this, generation, kind);
  }

  removeGeneration(generation: number): Promise<void> {
    return this.heads.remove({ generation });
  }

  removeOthers(below: number, except: readonly number[]): Promise<void> {
    return this.heads.remove({ generation: { $lt: below, $nin: [...except] } });
  }
}

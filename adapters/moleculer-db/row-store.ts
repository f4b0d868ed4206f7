import { UnusableStoreError } from "../../core/errors/errors.ts";
import type { Fields } from "../../core/rows/fields.ts";
import type { Head, Heads, Kind, RowStore, Values } from "../parts/journaled-table/row-store.ts";
import { HostFile } from "../sqlite/host-file.ts";
import { checkAdapter, createIndexes, foreignParts, type DbAdapter } from "./db-adapter.ts";
import { MoleculerDbDocuments } from "./documents.ts";
import { AdapterEntities } from "./adapter-entities.ts";
import { translate } from "./errors.ts";
import { probe } from "./probe.ts";

/** Below MongoDB's limit of 16 MB for a document. */
const maxBytes = 8 * 1024 * 1024;

/** How to make and open the adapter of one table. */
export interface AdapterLocation {
  location: string;
  make: () => unknown;
  collection: string;
  durability: RowStore["durability"];
  hosts: RowStore["hosts"];
  /** The file that is locked for one host; null if there is none. */
  file: string | null;
  /** Names of the tables that are open in this process. */
  open: Set<string>;
}

/** A table's documents as entities of one moleculer-db adapter, distinguished by `_id`, `kind` and `generation`. */
export class MoleculerDbRowStore implements RowStore {
  readonly engine = "moleculer-db";
  readonly location: string;
  readonly durability: RowStore["durability"];
  readonly hosts: RowStore["hosts"];
  readonly maxBytes = maxBytes;
  /** NeDB compares by UTF-16, and the order of other adapters is unknown. */
  readonly sortsByBytes = false;
  readonly #target: AdapterLocation;
  readonly #entities: AdapterEntities;
  #adapter: DbAdapter | null = null;
  #host: HostFile | null = null;

  constructor(target: AdapterLocation) {
    this.#target = target;
    this.location = target.location;
    this.durability = target.durability;
    this.hosts = target.hosts;
    this.#entities = new AdapterEntities(target.location, () => this.#adapter);
  }

  async open(): Promise<void> {
    const { location, make, collection, hosts, file, open } = this.#target;
    if (hosts === "one" && open.has(collection))
      throw new UnusableStoreError(location, "is open in this process already; one host at a time");
    const adapter = checkAdapter(location, make());
    if (file !== null) this.#host = new HostFile(`${file}.host`, location);
    open.add(collection);
    try {
      await this.#connect(adapter);
      await probe(location, this.#entities);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async #connect(adapter: DbAdapter): Promise<void> {
    const { location, collection } = this.#target;
    try {
      const { broker, service } = foreignParts(collection);
      adapter.init(broker, service);
      await adapter.connect();
      this.#adapter = adapter;
    } catch (error) {
      throw translate(location, error, "the adapter cannot connect");
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
    this.#target.open.delete(this.#target.collection);
    this.#host?.close();
    this.#host = null;
  }

  readonly heads: Heads = {
    get: async (id) => ((await this.#entities.find({ query: { _id: id } }))[0] as Head | undefined) ?? null,
    list: async (kind) => (await this.#entities.find({ query: { kind } })) as unknown as Head[],
    add: (head) => this.#entities.insert({ ...head }),
    change: async (id: string, expected: Values, values: Values) =>
      (await this.#entities.update({ _id: id, ...expected }, { ...values })) > 0,
    remove: (filter) => this.#entities.remove(filter),
  };

  async prepare(_generation: number, fields: Fields): Promise<void> {
    const indexed = [...fields.values()].filter(({ index, unique }) => index || unique);
    const names = indexed.map(({ name }) => `row.${name}`);
    await this.#entities.call((adapter) => createIndexes(adapter, names));
  }

  documents(generation: number, kind: Kind): MoleculerDbDocuments {
    return new MoleculerDbDocuments(this.#entities, generation, kind);
  }

  removeGeneration(generation: number): Promise<void> {
    return this.#entities.remove({ generation });
  }

  removeOthers(below: number, except: readonly number[]): Promise<void> {
    return this.#entities.remove({ generation: { $lt: below, $nin: [...except] } });
  }
}

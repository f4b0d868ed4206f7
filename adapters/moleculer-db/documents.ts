import type { Content, Documents, Fenced, Filter, Kind, Write } from "../parts/journaled-table/row-store.ts";
import type { Entity, Query } from "./db-adapter.ts";
import type { AdapterEntities } from "./adapter-entities.ts";

const entitiesPerPage = 5_000;
const idsPerQuery = 1_000;
const insertedAtOnce = 500;

/** The entities of one kind and generation. */
export class MoleculerDbDocuments implements Documents {
  readonly #entities: AdapterEntities;
  readonly #generation: number;
  readonly #kind: Kind;
  readonly #prefix: string;

  constructor(entities: AdapterEntities, generation: number, kind: Kind) {
    this.#entities = entities;
    this.#generation = generation;
    this.#kind = kind;
    this.#prefix = `${generation} ${kind} `;
  }

  /** The prefix also keeps adapters from converting the id: MongoDB's converts 24 hexadecimal digits to an ObjectId. */
  keyOf(id: string): string {
    return this.#prefix + id;
  }

  pathOf(field: string): string {
    return `row.${field}`;
  }

  #fenced({ _id, fence, row }: Entity): Fenced {
    return { id: _id.slice(this.#prefix.length), fence: fence as number, content: row as Content | null };
  }

  async get(ids: readonly string[]): Promise<Fenced[]> {
    const found: Fenced[] = [];
    for (let from = 0; from < ids.length; from += idsPerQuery) {
      const keys = ids.slice(from, from + idsPerQuery).map((id) => this.keyOf(id));
      const query = { _id: keys.length === 1 ? keys[0]! : { $in: keys } };
      found.push(...(await this.#entities.find({ query })).map((entity) => this.#fenced(entity)));
    }
    return found;
  }

  async *find(filter: Filter): AsyncGenerator<Fenced> {
    const query = this.#existing(filter);
    for await (const entity of this.#pages(query)) if (entity["row"] !== null) yield this.#fenced(entity);
  }

  /** An `_id` contains the generation and kind, so it is the whole query. */
  #existing(filter: Filter): Query {
    if (typeof filter["_id"] === "string") return filter;
    return { generation: this.#generation, kind: this.#kind, exists: true, ...filter };
  }

  async count(filter: Filter): Promise<number> {
    const query = this.#existing({ exists: true, ...filter });
    return this.#entities.count(query);
  }

  async *writtenAfter(fence: number): AsyncGenerator<Fenced> {
    const query = { generation: this.#generation, kind: this.#kind, fence: { $gt: fence } };
    for await (const entity of this.#pages(query)) yield this.#fenced(entity);
  }

  async *#pages(query: Query): AsyncGenerator<Entity> {
    let page = query;
    for (;;) {
      const entities = await this.#entities.find({ query: page, sort: ["_id"], limit: entitiesPerPage });
      yield* entities;
      if (entities.length < entitiesPerPage) return;
      page = { $and: [query, { _id: { $gt: entities.at(-1)!._id } }] };
    }
  }

  async put(writes: readonly Write[], fence: number): Promise<void> {
    const added = writes.filter(({ isNew }) => isNew);
    for (let from = 0; from < added.length; from += insertedAtOnce)
      await this.#insert(added.slice(from, from + insertedAtOnce), fence);
    for (const write of writes) if (!write.isNew) await this.#update(write, fence);
  }

  /** Inserts all at once. If that fails, as it does if one of them exists, inserts one by one. */
  async #insert(writes: readonly Write[], fence: number): Promise<void> {
    const entities = writes.map((write) => this.#entity(write, fence));
    try {
      if (entities.length > 1) return void (await this.#entities.insertMany(entities));
    } catch {
      // Inserting one by one shows the cause.
    }
    for (const [index, entity] of entities.entries())
      if (!(await this.#entities.insert(entity))) await this.#update(writes[index]!, fence);
  }

  #entity({ id, content }: Write, fence: number): Entity {
    const exists = content !== null;
    return { _id: this.keyOf(id), generation: this.#generation, kind: this.#kind, fence, exists, row: content };
  }

  async #update({ id, content }: Write, fence: number): Promise<void> {
    const isOlder = { _id: this.keyOf(id), fence: { $lt: fence } };
    await this.#entities.update(isOlder, { fence, exists: content !== null, row: content });
  }
}

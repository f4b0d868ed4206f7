import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { DbAdapter, Entity, FindParams, Query } from "./db-adapter.ts";
import { isOfSystem, translate } from "./errors.ts";

/** Typed calls of a connected adapter, with translated errors. */
export class AdapterEntities {
  readonly #location: string;
  readonly #adapter: () => DbAdapter | null;

  constructor(location: string, adapter: () => DbAdapter | null) {
    this.#location = location;
    this.#adapter = adapter;
  }

  /** @throws StoreUnavailableError */
  async call<Answer>(work: (adapter: DbAdapter) => Answer | Promise<Answer>): Promise<Answer> {
    const adapter = this.#adapter();
    if (!adapter) throw new StoreUnavailableError(this.#location, "the adapter is not connected");
    try {
      return await work(adapter);
    } catch (error) {
      throw translate(this.#location, error);
    }
  }

  find(params: FindParams): Promise<Entity[]> {
    return this.call(async (adapter) => (await adapter.find(params)) as Entity[]);
  }

  /** False if the `_id` exists. */
  async insert(entity: Entity): Promise<boolean> {
    try {
      await this.call((adapter) => adapter.insert(entity));
      return true;
    } catch (error) {
      if (isOfSystem((error as Error).cause) || (await this.find({ query: { _id: entity._id } })).length === 0)
        throw error;
      return false;
    }
  }

  insertMany(entities: Entity[]): Promise<unknown> {
    return this.call((adapter) => adapter.insertMany(entities));
  }

  /** Resolves to the number of written entities. */
  update(query: Query, $set: Record<string, unknown>): Promise<number> {
    return this.call((adapter) => adapter.updateMany(query, { $set }));
  }

  async remove(query: Query): Promise<void> {
    await this.call((adapter) => adapter.removeMany(query));
  }

  count(query: Query): Promise<number> {
    return this.call((adapter) => adapter.count({ query }));
  }
}

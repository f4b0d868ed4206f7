import { UnusableStoreError } from "../../core/errors/errors.ts";

export type Query = Readonly<Record<string, unknown>>;
export type Entity = { _id: string } & Record<string, unknown>;

export interface FindParams {
  query: Query;
  sort?: string[];
  limit?: number;
}

/** The methods of a moleculer-db adapter that a table needs. Queries and updates use MongoDB's syntax, as NeDB does. */
export interface DbAdapter {
  init(broker: unknown, service: unknown): unknown;
  connect(): unknown;
  disconnect?(): unknown;
  find(params: FindParams): Promise<unknown[]>;
  count(params: FindParams): Promise<number>;
  /** Rejects an `_id` that exists. */
  insert(entity: Entity): Promise<unknown>;
  insertMany(entities: Entity[]): Promise<unknown>;
  /** Checks the conditions and writes in one step per entity. Resolves to the number of written entities. */
  updateMany(query: Query, update: { $set: Record<string, unknown> }): Promise<number>;
  removeMany(query: Query): Promise<unknown>;
}

const needed = ["init", "connect", "find", "count", "insert", "insertMany", "updateMany", "removeMany"] as const;

/** @throws UnusableStoreError with the names of the missing methods */
export function checkAdapter(location: string, found: unknown): DbAdapter {
  const methods = (typeof found === "object" && found !== null ? found : {}) as Partial<Record<string, unknown>>;
  const missing = needed.filter((name) => typeof methods[name] !== "function");
  if (missing.length === 0) return found as DbAdapter;
  throw new UnusableStoreError(
    location,
    `found an adapter without ${missing.join(", ")}, expected an adapter of moleculer-db, which has them all`,
  );
}

/** A minimal broker and service for `init`: adapters use a logger and the name of the collection. */
export function foreignParts(collection: string): { broker: unknown; service: unknown } {
  const noop = () => {};
  const logger = { fatal: noop, error: noop, warn: noop, info: noop, debug: noop, trace: noop };
  const broker = { logger, getLogger: () => logger };
  const schema = { name: collection, collection, settings: {} };
  return { broker, service: { name: collection, fullName: collection, schema, settings: {}, logger, broker } };
}

/**
 * Creates indexes if the adapter exposes a collection of MongoDB's driver or a datastore of NeDB. For other adapters
 * the user has to create them.
 */
export async function createIndexes(adapter: DbAdapter, fields: readonly string[]): Promise<void> {
  const { collection, db } = adapter as {
    collection?: { createIndex?: (keys: Record<string, 1>) => Promise<unknown> };
    db?: { ensureIndex?: (options: { fieldName: string; sparse: boolean }) => Promise<unknown> };
  };
  if (typeof collection?.createIndex === "function") {
    await collection.createIndex({ generation: 1, kind: 1 });
    for (const field of fields) await collection.createIndex({ [field]: 1 });
  } else if (typeof db?.ensureIndex === "function")
    for (const fieldName of fields) await db.ensureIndex({ fieldName, sparse: true });
}

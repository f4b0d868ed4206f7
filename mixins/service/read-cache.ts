import type { ActionSchema, Context } from "moleculer";
import type { QueryFields } from "../../core/query/query.ts";
import { haveKey, type ReadActionName } from "./read-params.ts";

/** Which calls may be answered from the broker's cacher, and what of the table's state their keys contain. */
export interface ReadCache {
  isFor: (ctx: Context) => boolean;
  version: () => string;
}

/**
 * The version is part of the key: an answer that was read before a change and reaches the cache after it is never
 * given out again, which cleaning the cache alone cannot ensure.
 */
export function cacheOptions(
  cache: ReadCache,
  name: ReadActionName,
  keys: string[],
  fields: QueryFields,
): ActionSchema["cache"] & object {
  return {
    enabled: (ctx) => cache.isFor(ctx) && haveKey(name, ctx.params as object, fields),
    keys,
    keygen(this: { defaultKeygen: Keygen }, action, opts, ctx) {
      return `${this.defaultKeygen(action, opts, ctx)}@${cache.version()}`;
    },
  };
}

type Keygen = (action: unknown, opts: unknown, ctx: unknown) => string;

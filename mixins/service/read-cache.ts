import type { ActionSchema, Context } from "moleculer";
import type { QueryFields } from "../../core/query/query.ts";
import { haveKey, type ReadActionName } from "./read-params.ts";

/** Which calls the broker's cacher may serve, and the version of the table that their cache keys contain. */
export interface ReadCache {
  isFor: (ctx: Context) => boolean;
  version: () => string;
}

/**
 * The options of an action's `cache`. The key contains the version: a result that was read before a change but cached
 * after it is never returned. Cleaning the cache alone cannot ensure that.
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

import type { ActionSchema, Context } from "moleculer";
import type { QueryFields } from "../../core/query/query.ts";
import { haveKey, type ReadActionName } from "./read-params.ts";

/** Which calls the broker's cacher may serve, and the version of the table that their cache keys contain. */
export interface ReadCache {
  isFor: (ctx: Context) => boolean;
  version: () => string;
  /** The option `cache` of an action in the definition. */
  given?: (name: ReadActionName) => ActionSchema["cache"];
  /** The answers depend on the caller, for example by a hook: only actions with keys of the author's are cached. */
  needsKeys?: (name: ReadActionName) => boolean;
}

/**
 * The options of an action's `cache`. The key contains the version: a result that was read before a change but cached
 * after it is never returned. Cleaning the cache alone cannot ensure that. The author's keys are added to the action's.
 */
export function cacheOptions(
  cache: ReadCache,
  name: ReadActionName,
  keys: string[],
  fields: QueryFields,
): NonNullable<ActionSchema["cache"]> {
  const given = cache.given?.(name) ?? true;
  const { enabled = true, keys: more = [], keygen, ...others } = typeof given === "object" ? given : {};
  if (given === false || (cache.needsKeys?.(name) && more.length === 0)) return false;
  const isWanted = (ctx: Context) => (typeof enabled === "function" ? enabled(ctx) : enabled);
  return {
    ...others,
    enabled: (ctx) => cache.isFor(ctx) && isWanted(ctx) && haveKey(name, ctx.params as object, fields),
    keys: [...new Set([...keys, ...more])],
    keygen(this: { defaultKeygen: Keygen }, action, opts, ctx) {
      const key = (keygen as Keygen | undefined) ?? this.defaultKeygen;
      return `${key.call(this, action, opts, ctx)}@${cache.version()}`;
    },
  };
}

type Keygen = (action: unknown, opts: unknown, ctx: unknown) => string;

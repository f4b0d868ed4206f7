import type { Context } from "moleculer";
import { commandHash } from "../../core/log/command-hash.ts";
import { isPlain } from "../../core/errors/object-kind.ts";

/** Keyed by `ctx.locals`, which the copy for a retry by Moleculer shares. */
const hashes = new WeakMap<object, string>();

/**
 * Records the hash of a call's params before the validator writes defaults and conversions into them, and continues with a
 * copy: the caller may send its own object again. A retry has the params that were validated first.
 */
export function recordSent(ctx: Context): void {
  if (hashes.has(ctx.locals)) return;
  hashes.set(ctx.locals, commandHash(ctx.params));
  ctx.params = copyOf(ctx.params);
}

/** The hash of the params as they were sent; undefined if it was not recorded. */
export const sentHash = (ctx: Context): string | undefined => hashes.get(ctx.locals);

/** Copies arrays and plain objects. The validator changes nothing else. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (value === null || typeof value !== "object" || !isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, copyOf(inner)]));
}

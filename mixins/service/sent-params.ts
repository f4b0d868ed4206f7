import type { Context } from "moleculer";
import { commandHash } from "../../core/log/command-hash.ts";
import { entityOfParams } from "../../core/event/params-id.ts";
import { isPlain } from "../../core/errors/object-kind.ts";

interface Sent {
  hash: string;
  entity: string;
  params: unknown;
}

/** Keyed by `ctx.locals`, which the copy for a retry by Moleculer shares. */
const sent = new WeakMap<object, Sent>();

/**
 * Records the hash of a call's params before the validator writes defaults and conversions into them, and continues with a
 * copy: the caller may send its own object again. A retry has the params that were validated first.
 */
export function recordSent(ctx: Context): void {
  if (sent.has(ctx.locals)) return;
  sent.set(ctx.locals, { hash: commandHash(ctx.params), entity: entityOfParams(ctx.params), params: ctx.params });
  ctx.params = copyOf(ctx.params);
}

/** The hash of the params as they were sent; undefined if it was not recorded. */
export const sentHash = (ctx: Context): string | undefined => sent.get(ctx.locals)?.hash;

/** The entity that the params name, before a later release converts it in another way. */
export const sentEntity = (ctx: Context): string => sent.get(ctx.locals)?.entity ?? entityOfParams(ctx.params);

/** The params as they were sent, for another node that validates them itself. */
export const sentParams = (ctx: Context): unknown => sent.get(ctx.locals)?.params ?? ctx.params;

/** Copies arrays and plain objects. The validator changes nothing else. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (value === null || typeof value !== "object" || !isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, copyOf(inner)]));
}

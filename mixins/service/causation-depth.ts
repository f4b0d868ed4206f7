import type { Context } from "moleculer";
import { ValidationError } from "../../core/errors/errors.ts";

/** The field of a call's meta that counts the events which led to the call. Nested calls inherit it. */
export const depthField = "$causationDepth";

/**
 * Refuses a depth that a caller sets: too high, it would be stored for ever; too low, it would hide a circle of commands.
 * Only calls for an event have one, and these have a parent: see `EventCaller`. Whether it is the parent's can be checked
 * only on the parent's node; other nodes are trusted. @throws ValidationError
 */
export function assertInheritedDepth({ meta, level, options }: Context): void {
  const found = (meta as Record<string, unknown>)[depthField];
  if (found === undefined) return;
  const { parentCtx } = (options ?? {}) as { parentCtx?: Context | null };
  const inherited = parentCtx ? (parentCtx.meta as Record<string, unknown>)[depthField] : found;
  if (level > 1 && found === inherited && Number.isSafeInteger(found) && (found as number) > 0) return;
  const expected = "none: the framework counts the events that lead to a call, and calls by ctx.call inherit it";
  throw new ValidationError([{ field: `meta.${depthField}`, found, expected }]);
}

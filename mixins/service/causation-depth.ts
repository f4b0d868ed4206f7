import type { Context } from "moleculer";
import { ValidationError } from "../../core/errors/errors.ts";

/** The field of a call's meta that counts the events which led to the call. Nested calls inherit it. */
export const depthField = "$causationDepth";

/** Far above `maxDepth` of any process manager. */
const most = 10_000;

/**
 * Refuses a depth that no event can have, and one that differs from the parent's: too low, it would hide a circle of
 * commands. Whether it is the parent's can be checked only where the call names one. A handler may also pass its meta on
 * (`broker.call(…, { meta: ctx.meta })`); a depth that is made up there only ends the caller's own chain earlier.
 * @throws ValidationError
 */
export function assertInheritedDepth({ meta, options }: Context): void {
  const found = (meta as Record<string, unknown>)[depthField];
  if (found === undefined) return;
  const { parentCtx } = (options ?? {}) as { parentCtx?: Context | null };
  const inherited = parentCtx ? (parentCtx.meta as Record<string, unknown>)[depthField] : found;
  if (found === inherited && Number.isSafeInteger(found) && (found as number) > 0 && (found as number) <= most) return;
  const expected = "none: the framework counts the events that lead to a call, and calls by ctx.call inherit it";
  throw new ValidationError([{ field: `meta.${depthField}`, found, expected }]);
}

import type { Problem } from "../errors/problem.ts";
import { isReserved, nameProblem } from "./stream-name.ts";
import { typeMatcher } from "./type-pattern.ts";

/** Why callers cannot store an event of this type; null if they can. */
export function eventTypeProblem(field: string, type: unknown): Problem | null {
  const problem = nameProblem(field, type);
  if (problem || (!isReserved(type as string) && !/[*?]/.test(type as string))) return problem;
  return { field, found: type, expected: 'a name without wildcards that does not begin with "$"' };
}

/** Why no event can match a pattern in a store that accepts only `types`; null if one can, or if `types` is null. */
export function unknownType(field: string, pattern: string, types: readonly string[] | null): Problem | null {
  if (!types || types.some(typeMatcher([pattern]))) return null;
  return {
    field,
    found: pattern,
    expected: `one of the store's types ${types.join(", ")}, or a pattern that one of them matches`,
  };
}

/** The kind of entity that an event type is about: `villa` for `villa.opened`, the type itself if it has no dot. */
export const kindOf = (type: string): string => type.slice(0, Math.max(0, type.lastIndexOf(".")) || type.length);

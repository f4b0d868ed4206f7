import type { Problem } from "./errors.ts";
import { isReserved, nameProblem } from "./stream-name.ts";

/** Why this cannot be the type of an event that somebody stores; null where it can. */
export function eventTypeProblem(field: string, type: unknown): Problem | null {
  const problem = nameProblem(field, type);
  if (problem || (!isReserved(type as string) && !/[*?]/.test(type as string))) return problem;
  return { field, found: type, expected: 'a name without wildcards that does not begin with "$"' };
}

import type { Comparison } from "./condition.ts";
import { InvalidQueryError } from "../errors/errors.ts";
import { described } from "../errors/problem.ts";
import { compileRegex, type Regex } from "./regex.ts";

/**
 * Limit of the effort of one query on one row: elements, and characters of texts times the size of the pattern that
 * reads them. The most expensive take 50 ns each, and nothing else runs on the node meanwhile.
 */
export const maxRowEffort = 1_500_000;

/** The effort that a comparison takes per element or character. */
function weightOf({ type, operator, value }: Comparison): number {
  if (operator === "$regex") return compileRegex(value as Regex).size;
  return type === "object" || type === "array" ? 1 : 0;
}

/** Divides the limit equally among the comparisons. */
export function shareEffort(comparisons: readonly Comparison[]): void {
  const weighed = comparisons.filter((comparison) => weightOf(comparison) > 0);
  const total = weighed.reduce((sum, comparison) => sum + weightOf(comparison), 0);
  if (total > 1) for (const comparison of weighed) comparison.share = Math.floor(maxRowEffort / total);
}

/** @throws InvalidQueryError */
export function throwEffortExceeded(found: string, share: number): never {
  throw new InvalidQueryError({
    field: "query",
    found: described(found),
    expected: `at most ${share} in one row: fewer comparisons, or fewer repetitions in $regex, allow more`,
  });
}

import { didYouMean } from "./near-name.ts";
import type { Problem } from "../errors/problem.ts";

/** More than an error lists; further fields, possibly a million, are not checked. */
const maxProblems = 100;

/**
 * A problem for each defined field of `given` that is not `known`, at most 100: a misspelt one would silently leave its
 * default in force. `at`: the field's path, "" for the params themselves. `reasons`: the expected text for fields that
 * callers often send. `shown`: those of `known` that callers may use.
 */
export function unknownFields(
  at: string,
  given: object,
  known: readonly string[],
  reasons: Readonly<Record<string, string>> = {},
  shown: readonly string[] = known,
): Problem[] {
  const problems: Problem[] = [];
  // oxlint-disable-next-line guard-for-in -- an inherited field is as unknown as an own one
  for (const name in given) {
    if (known.includes(name)) continue;
    const found = (given as Record<string, unknown>)[name];
    if (found === undefined) continue;
    const expected = Object.hasOwn(reasons, name)
      ? reasons[name]!
      : `one of ${shown.join(", ")}${didYouMean(name, shown)}`;
    problems.push({ field: at === "" ? name : `${at}.${name}`, found: name, expected });
    if (problems.length === maxProblems) break;
  }
  return problems;
}

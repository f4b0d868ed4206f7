import { isLonger } from "./stream-name.ts";
import { described } from "../errors/problem.ts";
import { ValidationError } from "../errors/errors.ts";
import { wildcardMatcher } from "../text/wildcards.ts";

/** The longest type's length, in Unicode characters. */
export const maxPatternCharacters = 255;
export const maxPatterns = 1000;
/** Of all patterns with wildcards together: each new type is matched against every one of them. */
const maxWildcardCharacters = 16_000;

const hasWildcards = (pattern: string): boolean => /[*?]/.test(pattern);

/**
 * A function that matches event types against the patterns. The result is cached by type, since types are few and
 * events many.
 */
export function typeMatcher(patterns: readonly string[]): (type: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !hasWildcards(pattern)));
  const wild = [...new Set(patterns)].filter(hasWildcards);
  const matchesWild = wildcardMatcher(wild);
  const known = new Map<string, boolean>();
  return (type) => {
    if (wild.length === 0) return exact.has(type);
    let matches = known.get(type);
    if (matches === undefined) {
      if (known.size > 10_000) known.clear();
      matches = exact.has(type) || matchesWild(type);
      known.set(type, matches);
    }
    return matches;
  };
}

/**
 * Parses the patterns of a call: an array, or a text in which commas or spaces separate them. `most`: the limits of
 * patterns, and of characters in those with wildcards.
 * @throws ValidationError naming the field, for more or longer patterns than allowed
 */
export function parsePatterns(
  field: string,
  given: string | readonly string[],
  { patterns: most = maxPatterns, wildcardCharacters = maxWildcardCharacters } = {},
): string[] {
  const refuse = (at: string, found: unknown, expected: string) => {
    throw new ValidationError([{ field: at, found, expected }]);
  };
  if (typeof given === "string" && given.length > most * (maxPatternCharacters + 1))
    refuse(field, described(`a text of ${given.length} characters`), `at most ${most} patterns`);
  const patterns = typeof given === "string" ? given.split(/[,\s]+/) : [...given];
  if (patterns.length > most) refuse(field, described(`${patterns.length} patterns`), `at most ${most} patterns`);
  for (const [index, pattern] of patterns.entries())
    if (isLonger(pattern, maxPatternCharacters))
      refuse(`${field}.${index}`, pattern, `a pattern of at most ${maxPatternCharacters} Unicode characters`);
  const distinct = [...new Set(patterns)];
  const characters = distinct.reduce((sum, pattern) => sum + (hasWildcards(pattern) ? pattern.length : 0), 0);
  if (characters > wildcardCharacters)
    refuse(
      field,
      described(`patterns with wildcards of ${characters} characters`),
      `at most ${wildcardCharacters} together`,
    );
  return distinct;
}

import { described } from "../errors/problem.ts";
import { refuse } from "./query-refusal.ts";

/**
 * Limits of one query: far above any useful query, yet small enough that parsing takes milliseconds and that no
 * engine's own limits (SQLite's 32,766 parameters of a statement) are reached.
 */
export const queryBounds = {
  /** Levels of nested conditions. */
  depth: 200,
  /** Comparisons and objects of comparisons: an alternative of an `$or` counts as two. */
  conditions: 60_000,
  /** Comparisons. Equalities of one field in one `$or` count as one, and so does each list. */
  comparisons: 1000,
  /** Values to compare with, including those of lists. */
  values: 25_000,
  /** Characters of all these values. */
  characters: 2_000_000,
  /** Characters of a query that is passed as JSON. */
  jsonCharacters: 4_000_000,
  /** Number of `$regex`: each is compiled. */
  patterns: 20,
  /** Characters of a field's name or path. */
  nameCharacters: 1000,
  /** Steps of a path. */
  steps: 100,
  /** Names in `sort`, `fields`, `excludeFields`, `populate` and `searchFields`. */
  names: 200,
  /** Fields to sort by. */
  sorts: 100,
  /** Characters of `search`. */
  searchCharacters: 1000,
  /** Distinct ids of one `get` or `resolve`. */
  ids: 10_000,
  /** The same, counting repeats. */
  repeatedIds: 100_000,
  /** Steps of a `populate` path: each may multiply the documents of the response. */
  populateSteps: 3,
} as const;

/** Counts the parts of a query while it is parsed. */
export class QueryBudget {
  #conditions = 0;
  #values = 0;
  #characters = 0;
  #patterns = 0;

  condition(at: string, depth: number): void {
    if (depth > queryBounds.depth)
      refuse(at, described(`${depth} levels`), `conditions nested at most ${queryBounds.depth} deep`);
    if (++this.#conditions > queryBounds.conditions)
      refuse("query", described(`more than ${queryBounds.conditions} conditions`), `at most ${queryBounds.conditions}`);
  }

  /** A parsed value to compare with. */
  value(at: string, value: unknown): void {
    if (++this.#values > queryBounds.values)
      refuse(
        "query",
        described(`more than ${queryBounds.values} values`),
        `at most ${queryBounds.values} in one query`,
      );
    if (typeof value === "string") this.characters(at, value.length);
  }

  characters(at: string, count: number): void {
    this.#characters += count;
    if (this.#characters > queryBounds.characters)
      refuse(
        at,
        described(`${this.#characters} characters of values so far`),
        `at most ${queryBounds.characters} characters in the values of one query`,
      );
  }

  pattern(at: string): void {
    if (++this.#patterns > queryBounds.patterns)
      refuse(
        at,
        described(`more than ${queryBounds.patterns} patterns`),
        `at most ${queryBounds.patterns} $regex in one query`,
      );
  }
}

import { BoundedCache } from "../../core/json/bounded-cache.ts";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { ValueComparison } from "../../core/query/matches-comparison.ts";

type Test = (value: unknown) => boolean;

/** Longer texts are passed by id: SQLite copies a text parameter for each row. */
const maxTextCharacters = 500;
/** Total length of the cached long texts: enough for several queries of the largest size. */
const maxKeptCharacters = 32_000_000;

/**
 * SQL for a comparison's parameter: the text itself or, for a long text, a call that SQLite makes once per statement
 * and that returns its id.
 */
export const comparisonInSql = (text: string): string =>
  text.length <= maxTextCharacters ? "?" : "(SELECT comparison_id(?))";

/** Compiles each comparison of a connection once. Short ones are cached by their text, long ones by id. */
export class CompiledComparisons {
  readonly #compile: (comparison: ValueComparison) => Test;
  readonly #short = new BoundedCache<string, Test>(1000);
  readonly #ids = new Map<string, number>();
  readonly #long = new Map<number, { text: string; test: Test }>();
  #lastId = 0;
  #characters = 0;

  constructor(compile: (comparison: ValueComparison) => Test) {
    this.#compile = compile;
  }

  /** Evicts the least recently used texts to make room. */
  idOf(text: string): number {
    const known = this.#ids.get(text);
    const id = known ?? ++this.#lastId;
    const entry = this.#long.get(id) ?? { text, test: this.#compiled(text) };
    this.#long.delete(id);
    this.#long.set(id, entry);
    if (known !== undefined) return id;
    this.#ids.set(text, id);
    this.#characters += text.length;
    for (const [oldest, { text: oldText }] of this.#long) {
      if (this.#characters <= maxKeptCharacters || oldest === id) break;
      this.#long.delete(oldest);
      this.#ids.delete(oldText);
      this.#characters -= oldText.length;
    }
    return id;
  }

  get(comparison: string | number): Test {
    if (typeof comparison === "string") return this.#short.get(comparison, () => this.#compiled(comparison));
    const entry = this.#long.get(comparison);
    if (entry) return entry.test;
    throw new StoreUnavailableError("a query", "found too many large queries at a time, expected fewer; try again");
  }

  #compiled = (text: string): Test => this.#compile(JSON.parse(text) as ValueComparison);
}

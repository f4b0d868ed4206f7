import { BoundedCache } from "../../core/json/bounded-cache.ts";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { ValueComparison } from "../../core/query/matches-comparison.ts";

type Test = (value: unknown) => boolean;

/** A text up to this length is passed for each row; SQLite copies it each time. */
const maxTextCharacters = 500;
/** Characters of the longer texts that are kept: some queries of the largest size. */
const maxKeptCharacters = 32_000_000;

/** What SQL passes for a comparison: its text, or a call that is made once per statement and returns a number for it. */
export const comparisonInSql = (text: string): string =>
  text.length <= maxTextCharacters ? "?" : "(SELECT comparison_id(?))";

/** A connection's comparisons, each compiled once: by its text, or by the number that stands for a long one. */
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

  /** Makes room for a text by letting go of those that were asked for the longest time ago. */
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
    throw new StoreUnavailableError("a query", "more large queries run at a time than there is memory for; ask again");
  }

  #compiled = (text: string): Test => this.#compile(JSON.parse(text) as ValueComparison);
}

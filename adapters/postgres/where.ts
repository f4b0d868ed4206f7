import type { FieldType } from "../../core/rows/fields.ts";
import type { Comparison, Condition, Query, Sort } from "../../core/query/query.ts";
import { indexPrefixInSql, indexPrefixOf } from "./index-prefix.ts";
import { quote } from "./schema.ts";
import { storedText } from "./stored-text.ts";

/**
 * A condition in SQL. It selects all rows that match; if it is not exact it selects others as well, and the caller has
 * to test each row.
 */
export interface Filter {
  text: string;
  isExact: boolean;
}

const everything: Filter = { text: "true", isExact: true };
const inexpressible: Filter = { text: "true", isExact: false };
const nothing: Filter = { text: "false", isExact: true };

const exact = (text: string): Filter => ({ text, isExact: true });

/** The protocol counts the parameters of a statement in 16 bits. */
const maxParameters = 60_000;
/** Number of texts that are searched in a JSON column. Testing more of them in SQL is slower than in JavaScript. */
const maxTexts = 100;

/** Types of parameters. */
export const sqlTypes: Record<FieldType, string> = {
  string: "text",
  date: "text",
  object: "text",
  array: "text",
  integer: "bigint",
  number: "float8",
  boolean: "boolean",
};

/** Compiles the conditions and the order of one statement, and collects the values of its parameters. */
export class Where {
  readonly values: unknown[] = [];
  readonly #byIndexPrefix: ReadonlySet<string>;

  /** @param byIndexPrefix the fields whose index contains prefixes; a comparison adds a condition on the prefix */
  constructor(byIndexPrefix: ReadonlySet<string>) {
    this.#byIndexPrefix = byIndexPrefix;
  }

  #parameter(value: unknown, type: string): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }

  /** Compiles the query's conditions and search. */
  filter({ where, search }: Query): Filter {
    const filter = where ? this.#compile(where) : everything;
    if (this.values.length > maxParameters) return this.#discard(0);
    // No lower-casing in SQL matches that of JavaScript, so a search is never exact.
    return search ? { ...filter, isExact: false } : filter;
  }

  #discard(to: number): Filter {
    this.values.length = to;
    return inexpressible;
  }

  /** Returns null if a path leads into JSON, whose values SQL sorts differently. */
  order(sort: readonly Sort[], tieBreaker: string): string | null {
    if (sort.some(({ path }) => path.length > 0)) return null;
    const keys = sort.flatMap(({ field, descending }) => {
      // Never null, and its index is that of the primary key, which has the nulls last.
      if (field === tieBreaker) return [`${quote(field)}${descending ? " DESC" : ""}`];
      return this.#columns(field).map((column) => `${column} ${descending ? "DESC NULLS LAST" : "NULLS FIRST"}`);
    });
    return [...keys, quote(tieBreaker)].join(", ");
  }

  /** The columns to sort by: those of the index first, so that it can be used. */
  #columns(field: string): string[] {
    const column = quote(field);
    return this.#byIndexPrefix.has(field) ? [indexPrefixInSql(column), column] : [column];
  }

  #compile(condition: Condition): Filter {
    if ("and" in condition) return this.#join(condition.and, "AND");
    if ("or" in condition) return this.#join(condition.or, "OR");
    if ("not" in condition) {
      const before = this.values.length;
      const { text, isExact } = this.#compile(condition.not);
      // In SQL, a comparison with a missing value is NULL. It counts as false, so its negation is true, as in MongoDB.
      return isExact ? exact(`(${text}) IS NOT TRUE`) : this.#discard(before);
    }
    return condition.type === "object" || condition.type === "array"
      ? this.#inJson(condition)
      : this.#compare(condition);
  }

  #join(conditions: readonly Condition[], by: "AND" | "OR"): Filter {
    const parts = conditions.map((condition) => this.#compile(condition));
    if (parts.length === 0) return by === "AND" ? everything : nothing;
    return {
      text: `(${parts.map(({ text }) => text).join(` ${by} `)})`,
      isExact: parts.every(({ isExact }) => isExact),
    };
  }

  #compare({ field, type, operator, value }: Comparison): Filter {
    const column = quote(field);
    switch (operator) {
      case "$exists":
        return exact(`${column} IS ${value === true ? "NOT NULL" : "NULL"}`);
      case "$eq":
        return this.#among([value], field, type);
      case "$in":
        return this.#among(value as unknown[], field, type);
      case "$regex":
        return { text: `${column} IS NOT NULL`, isExact: false };
      default: {
        const sign = { $gt: ">", $gte: ">=", $lt: "<", $lte: "<=" }[operator];
        // The bound is a fraction, or beyond the range of bigint.
        if (type === "integer" && !Number.isSafeInteger(value))
          return exact(`${column}::numeric ${sign} ${this.#parameter(value, "numeric")}`);
        const stored = storedText(value);
        const bound = `${column} ${sign} ${this.#parameter(stored, sqlTypes[type])}`;
        if (!this.#byIndexPrefix.has(field)) return exact(bound);
        const prefix = this.#parameter(indexPrefixOf(stored as string), "text");
        return exact(`(${indexPrefixInSql(column)} ${sign[0]}= ${prefix} AND ${bound})`);
      }
    }
  }

  #among(values: readonly unknown[], field: string, type: FieldType): Filter {
    const column = quote(field);
    const present = values
      .filter((value) => value !== null && (type !== "integer" || Number.isSafeInteger(value)))
      .map(storedText);
    const parts = values.includes(null) ? [`${column} IS NULL`] : [];
    const isOneOf = (what: string, list: readonly unknown[]) =>
      list.length === 1
        ? `${what} = ${this.#parameter(list[0], sqlTypes[type])}`
        : `${what} = ANY(${this.#parameter(list, `${sqlTypes[type]}[]`)})`;
    if (present.length > 0 && this.#byIndexPrefix.has(field)) {
      const prefixes = present.map((text) => indexPrefixOf(text as string));
      parts.push(`(${isOneOf(indexPrefixInSql(column), prefixes)} AND ${isOneOf(column, present)})`);
    } else if (present.length > 0) parts.push(isOneOf(column, present));
    return parts.length === 0 ? nothing : exact(`(${parts.join(" OR ")})`);
  }

  /**
   * A JSON value that contains an equal text, number or boolean also contains its JSON text. All other comparisons are
   * tested in JavaScript.
   */
  #inJson({ field, operator, value }: Comparison): Filter {
    if (operator !== "$eq" && operator !== "$in") return inexpressible;
    const wanted = operator === "$eq" ? [value] : (value as unknown[]);
    if (wanted.length === 0) return nothing;
    if (wanted.length > maxTexts || wanted.some((one) => typeof one === "object")) return inexpressible;
    const texts = wanted.map((one) => `strpos(${quote(field)}, ${this.#parameter(JSON.stringify(one), "text")}) > 0`);
    return { text: `(${texts.join(" OR ")})`, isExact: false };
  }
}

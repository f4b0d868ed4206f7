import type { FieldType } from "../../core/rows/fields.ts";
import type { Comparison, Condition, Query, Sort } from "../../core/query/query.ts";
import { indexPrefixInSql, indexPrefixOf } from "./index-prefix.ts";
import { quote } from "./schema.ts";
import { storedText } from "./stored-text.ts";

/**
 * What SQL can say of a condition: it lets through all that meet it; where it is not exact, others too, and somebody has
 * to look again.
 */
export interface Filter {
  text: string;
  isExact: boolean;
}

const everything: Filter = { text: "true", isExact: true };
const unsaid: Filter = { text: "true", isExact: false };
const nothing: Filter = { text: "false", isExact: true };

const exact = (text: string): Filter => ({ text, isExact: true });

/** The protocol counts a statement's parameters in 16 bits. */
const mostParameters = 60_000;
/** Texts that are looked for in one JSON; more take longer than to look elsewhere. */
const mostTexts = 100;

/** Of parameters. */
export const sqlTypes: Record<FieldType, string> = {
  string: "text",
  date: "text",
  object: "text",
  array: "text",
  integer: "bigint",
  number: "float8",
  boolean: "boolean",
};

/** Writes one statement's conditions and order, and keeps the values of its parameters. */
export class Where {
  readonly values: unknown[] = [];
  readonly #byBeginning: ReadonlySet<string>;

  /** @param byBeginning the fields that have an index of their beginnings: a comparison names these as well */
  constructor(byBeginning: ReadonlySet<string>) {
    this.#byBeginning = byBeginning;
  }

  #parameter(value: unknown, type: string): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }

  /** The query's conditions and search. */
  filter({ where, search }: Query): Filter {
    const filter = where ? this.#compile(where) : everything;
    if (this.values.length > mostParameters) return this.#withdrawn(0);
    // No lower case of SQL's is JavaScript's.
    return search ? { ...filter, isExact: false } : filter;
  }

  #withdrawn(to: number): Filter {
    this.values.length = to;
    return unsaid;
  }

  /** Null where a path leads into JSON, whose values SQL orders otherwise. */
  order(sort: readonly Sort[], tieBreaker: string): string | null {
    if (sort.some(({ path }) => path.length > 0)) return null;
    const keys = sort.flatMap(({ field, descending }) =>
      this.#columns(field).map((column) => `${column} ${descending ? "DESC NULLS LAST" : "NULLS FIRST"}`),
    );
    return [...keys, quote(tieBreaker)].join(", ");
  }

  /** In the order of the index, and of the values. */
  #columns(field: string): string[] {
    const column = quote(field);
    return this.#byBeginning.has(field) ? [indexPrefixInSql(column), column] : [column];
  }

  #compile(condition: Condition): Filter {
    if ("and" in condition) return this.#join(condition.and, "AND");
    if ("or" in condition) return this.#join(condition.or, "OR");
    if ("not" in condition) {
      const before = this.values.length;
      const { text, isExact } = this.#compile(condition.not);
      // Where a field has no value SQL says neither yes nor no, which counts as no: its negation is true, as in MongoDB.
      return isExact ? exact(`(${text}) IS NOT TRUE`) : this.#withdrawn(before);
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
        // A bound between two whole numbers, or beyond all of them.
        if (type === "integer" && !Number.isSafeInteger(value))
          return exact(`${column}::numeric ${sign} ${this.#parameter(value, "numeric")}`);
        const stored = storedText(value);
        const bound = `${column} ${sign} ${this.#parameter(stored, sqlTypes[type])}`;
        if (!this.#byBeginning.has(field)) return exact(bound);
        const beginning = this.#parameter(indexPrefixOf(stored as string), "text");
        return exact(`(${indexPrefixInSql(column)} ${sign[0]}= ${beginning} AND ${bound})`);
      }
    }
  }

  #among(values: readonly unknown[], field: string, type: FieldType): Filter {
    const column = quote(field);
    const there = values
      .filter((value) => value !== null && (type !== "integer" || Number.isSafeInteger(value)))
      .map(storedText);
    const parts = values.includes(null) ? [`${column} IS NULL`] : [];
    const isOneOf = (what: string, list: readonly unknown[]) =>
      list.length === 1
        ? `${what} = ${this.#parameter(list[0], sqlTypes[type])}`
        : `${what} = ANY(${this.#parameter(list, `${sqlTypes[type]}[]`)})`;
    if (there.length > 0 && this.#byBeginning.has(field)) {
      const beginnings = there.map((text) => indexPrefixOf(text as string));
      parts.push(`(${isOneOf(indexPrefixInSql(column), beginnings)} AND ${isOneOf(column, there)})`);
    } else if (there.length > 0) parts.push(isOneOf(column, there));
    return parts.length === 0 ? nothing : exact(`(${parts.join(" OR ")})`);
  }

  /** The text of what is equal to a text, a number or a boolean holds its JSON; anything else is looked at elsewhere. */
  #inJson({ field, operator, value }: Comparison): Filter {
    if (operator !== "$eq" && operator !== "$in") return unsaid;
    const asked = operator === "$eq" ? [value] : (value as unknown[]);
    if (asked.length === 0) return nothing;
    if (asked.length > mostTexts || asked.some((one) => typeof one === "object")) return unsaid;
    const texts = asked.map((one) => `strpos(${quote(field)}, ${this.#parameter(JSON.stringify(one), "text")}) > 0`);
    return { text: `(${texts.join(" OR ")})`, isExact: false };
  }
}

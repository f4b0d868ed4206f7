import { isRegExp } from "node:util/types";
import type { Comparison, Condition } from "./condition.ts";
import { queryBounds, type QueryBudget } from "./query-bounds.ts";
import { parsePath, type Path, type QueryFields } from "./query-path.ts";
import { refuse } from "./query-refusal.ts";
import { shareEffort } from "./row-effort.ts";
import { distinct, isPlain, leafOperators, parseRegex, parseValue } from "./query-value.ts";

/** Parses the conditions of one query. */
export class ConditionParser {
  readonly #fields: QueryFields;
  readonly #budget: QueryBudget;

  constructor(fields: QueryFields, budget: QueryBudget) {
    this.#fields = fields;
    this.#budget = budget;
  }

  /** @throws InvalidQueryError */
  parse(query: unknown): Condition {
    const where = this.#conditions(query, "query", 1);
    const { comparisons } = queryBounds;
    const found = comparisonsOf(where);
    if (found.length > comparisons)
      refuse(
        "query",
        `${found.length} comparisons`,
        `at most ${comparisons}, where a list counts as one: $in has room for ${queryBounds.values} values`,
      );
    shareEffort(found);
    return where;
  }

  #conditions(query: unknown, at: string, depth: number): Condition {
    this.#budget.condition(at, depth);
    if (!isPlain(query)) return refuse(at, query, "an object of conditions");
    const conditions = Object.entries(query).map(([name, asked]): Condition => {
      const inside = `${at}.${name}`;
      if (name === "$and" || name === "$or") {
        if (!Array.isArray(asked) || asked.length === 0) return refuse(inside, asked, "an array of conditions");
        const parts = asked.map((part, index) => this.#conditions(part, `${inside}.${index}`, depth + 1));
        return name === "$and" ? { and: parts } : { or: inLists(parts) };
      }
      if (name === "$not") return { not: this.#conditions(asked, inside, depth + 1) };
      if (name.startsWith("$")) return refuse(inside, name, "one of the operators $and, $or, $not or a field");
      return this.#field(parsePath(this.#fields, name, inside), asked, inside, depth);
    });
    return conditions.length === 1 ? conditions[0]! : { and: conditions };
  }

  #field(place: Path, asked: unknown, at: string, depth: number): Condition {
    this.#budget.condition(at, depth);
    if (isRegExp(asked)) return { ...place, operator: "$regex", value: this.#regex(place, asked, undefined, at) };
    const operators = isPlain(asked) ? Object.entries(asked) : [];
    if (!operators.some(([key]) => key.startsWith("$"))) return equality(place, this.#value(place, asked, at));
    const options = operators.find(([key]) => key === "$options")?.[1];
    if (options !== undefined && !operators.some(([key]) => key === "$regex"))
      refuse(`${at}.$options`, options, "$regex beside it");
    const parts = operators
      .filter(([key]) => key !== "$options")
      .map(([operator, value]) => this.#operator(place, operator, value, options, at, depth));
    return parts.length === 1 ? parts[0]! : { and: parts };
  }

  #operator(place: Path, operator: string, asked: unknown, options: unknown, above: string, depth: number): Condition {
    const at = `${above}.${operator}`;
    switch (operator) {
      case "$eq":
        return equality(place, this.#value(place, asked, at));
      case "$ne":
        return { not: equality(place, this.#value(place, asked, at)) };
      case "$gt":
      case "$gte":
      case "$lt":
      case "$lte": {
        const value = this.#value(place, asked, at);
        if (typeof value !== "string" && typeof value !== "number")
          return refuse(at, asked, "a string, number or date to compare with");
        return { ...place, operator, value };
      }
      case "$in":
        return this.#among(place, asked, at);
      case "$nin":
        return { not: this.#among(place, asked, at) };
      case "$exists":
        if (typeof asked !== "boolean" && asked !== "true" && asked !== "false")
          return refuse(at, asked, "true or false");
        return { ...place, operator, value: asked === true || asked === "true" };
      case "$regex":
        return { ...place, operator, value: this.#regex(place, asked, options, at) };
      case "$not":
        return { not: this.#field(place, asked, at, depth + 1) };
      default:
        return refuse(at, operator, `one of the operators ${leafOperators.join(", ")}`);
    }
  }

  #among(place: Path, asked: unknown, at: string): Condition {
    if (!Array.isArray(asked)) return refuse(at, asked, "an array");
    const values = asked.map((one, index) => this.#value(place, one, `${at}.${index}`));
    return { ...place, operator: "$in", value: distinct(values).filter((value) => isPossible(place, value)) };
  }

  #value = ({ type }: Path, asked: unknown, at: string): unknown => parseValue(type, asked, at, this.#budget);

  #regex = ({ type }: Path, asked: unknown, options: unknown, at: string): unknown =>
    parseRegex(type, asked, options, at, this.#budget);
}

/** A lone surrogate is in no text of a table, and the engines' encoding would replace it by another character. */
const isPossible = ({ type }: Path, value: unknown) =>
  type !== "string" || typeof value !== "string" || value.isWellFormed();

const equality = (place: Path, value: unknown): Condition =>
  isPossible(place, value) ? { ...place, operator: "$eq", value } : { ...place, operator: "$in", value: [] };

const isEquality = (condition: Condition): condition is Comparison =>
  "operator" in condition && condition.operator === "$eq";

/**
 * Merges the equalities of one field in an `$or` into one list, so that twenty thousand of them cost as much as one.
 */
function inLists(conditions: readonly Condition[]): Condition[] {
  const alike = Map.groupBy(conditions, (condition) =>
    isEquality(condition) ? JSON.stringify([condition.field, ...condition.path]) : condition,
  );
  return Array.from(alike.values(), (group) => {
    const [first, ...others] = group.filter(isEquality);
    if (!first || others.length === 0) return group[0]!;
    return { ...first, operator: "$in", value: distinct([first, ...others].map(({ value }) => value)) };
  });
}

function comparisonsOf(condition: Condition): Comparison[] {
  if ("not" in condition) return comparisonsOf(condition.not);
  if ("operator" in condition) return [condition];
  return ("and" in condition ? condition.and : condition.or).flatMap(comparisonsOf);
}

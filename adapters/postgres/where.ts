import { isDeepStrictEqual } from "node:util";
import type { Comparison, Condition, Query, Sort } from "../../core/query.ts";
import { quote } from "./schema.ts";

/** The values of a statement's parameters, in their order. */
export class Parameters {
  readonly values: unknown[] = [];

  add(value: unknown, type: string): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }
}

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

/** The protocol counts a statement's parameters in 16 bits. */
const mostParameters = 60_000;

/** The WHERE clause of a query's conditions and search. */
export function filterOf({ where, search }: Query, parameters: Parameters): Filter {
  if (search) return { text: where ? filterOf({ ...noSearch, where }, parameters).text : "true", isExact: false };
  if (!where) return everything;
  const before = parameters.values.length;
  const filter = compile(where, parameters);
  if (parameters.values.length <= mostParameters) return filter;
  parameters.values.length = before;
  return unsaid;
}

const noSearch = { sort: [], limit: null, offset: 0, search: null };

/** Null where a path leads into JSON, whose values SQL orders otherwise. */
export function orderOf(sort: readonly Sort[], tieBreaker: string): string | null {
  if (sort.some(({ path }) => path.length > 0)) return null;
  const keys = sort.map(({ field, descending }) => `${quote(field)} ${descending ? "DESC NULLS LAST" : "NULLS FIRST"}`);
  return [...keys, quote(tieBreaker)].join(", ");
}

function compile(condition: Condition, parameters: Parameters): Filter {
  if ("and" in condition) return join(condition.and, "AND", parameters);
  if ("or" in condition) return join(asAlternatives(condition.or), "OR", parameters);
  if ("not" in condition) {
    const before = parameters.values.length;
    const { text, isExact } = compile(condition.not, parameters);
    // Where a field has no value SQL says neither yes nor no, which counts as no: its negation is true, as in MongoDB.
    if (isExact) return { text: `(${text}) IS NOT TRUE`, isExact };
    parameters.values.length = before;
    return unsaid;
  }
  return condition.type === "object" || condition.type === "array"
    ? inJson(condition, parameters)
    : compare(condition, parameters);
}

function join(conditions: readonly Condition[], by: "AND" | "OR", parameters: Parameters): Filter {
  const parts = conditions.map((condition) => compile(condition, parameters));
  if (parts.length === 0) return by === "AND" ? everything : nothing;
  return {
    text: `(${parts.map(({ text }) => text).join(` ${by} `)})`,
    isExact: parts.every(({ isExact }) => isExact),
  };
}

/** Many values of one field become one list: twenty thousand alternatives are as good as one. */
function asAlternatives(conditions: readonly Condition[]): Condition[] {
  const lists = new Map<string, Comparison & { value: unknown[] }>();
  const others: Condition[] = [];
  for (const condition of conditions) {
    if (!("operator" in condition) || condition.operator !== "$eq") {
      others.push(condition);
      continue;
    }
    const key = JSON.stringify([condition.field, ...condition.path]);
    const list = lists.get(key);
    if (list) list.value.push(condition.value);
    else lists.set(key, { ...condition, operator: "$in", value: [condition.value] });
  }
  return [...lists.values(), ...others];
}

const sqlTypes = { string: "text", date: "text", integer: "bigint", number: "float8", boolean: "boolean" } as const;
type Scalar = keyof typeof sqlTypes;

const hasNul = (value: unknown) => typeof value === "string" && value.includes("\0");

function compare({ field, type, operator, value }: Comparison, parameters: Parameters): Filter {
  const column = quote(field);
  const exact = (text: string): Filter => ({ text, isExact: true });
  switch (operator) {
    case "$exists":
      return exact(`${column} IS ${value === true ? "NOT NULL" : "NULL"}`);
    case "$eq":
      return among([value], column, type as Scalar, parameters);
    case "$in":
      return among(value as unknown[], column, type as Scalar, parameters);
    case "$regex":
      return { text: `${column} IS NOT NULL`, isExact: false };
    default: {
      // No text of PostgreSQL has a NUL.
      if (hasNul(value)) return unsaid;
      const sign = { $gt: ">", $gte: ">=", $lt: "<", $lte: "<=" }[operator];
      // A bound between two whole numbers, or beyond all of them.
      if (type === "integer" && !Number.isSafeInteger(value))
        return exact(`${column}::numeric ${sign} ${parameters.add(value, "numeric")}`);
      return exact(`${column} ${sign} ${parameters.add(value, sqlTypes[type as Scalar])}`);
    }
  }
}

function among(values: readonly unknown[], column: string, type: Scalar, parameters: Parameters): Filter {
  const isNull = values.includes(null) ? [`${column} IS NULL`] : [];
  const there = values.filter(
    (value) => value !== null && !hasNul(value) && (type !== "integer" || Number.isSafeInteger(value)),
  );
  const sqlType = sqlTypes[type];
  const isOne =
    there.length === 0
      ? []
      : [
          there.length === 1
            ? `${column} = ${parameters.add(there[0], sqlType)}`
            : `${column} = ANY(${parameters.add(there, `${sqlType}[]`)})`,
        ];
  const parts = [...isOne, ...isNull];
  return parts.length === 0 ? nothing : { text: `(${parts.join(" OR ")})`, isExact: true };
}

/** The text of what is equal to a text, a number or a boolean holds its JSON; anything else is looked at elsewhere. */
function inJson({ field, operator, value }: Comparison, parameters: Parameters): Filter {
  const asked = operator === "$eq" ? [value] : operator === "$in" ? (value as unknown[]) : [];
  if (asked.length === 0 || asked.length > 100 || asked.some((one) => one === null || typeof one === "object"))
    return operator === "$in" && isDeepStrictEqual(value, []) ? nothing : unsaid;
  const texts = asked.map((one) => `strpos(${quote(field)}, ${parameters.add(JSON.stringify(one), "text")}) > 0`);
  return { text: `(${texts.join(" OR ")})`, isExact: false };
}

/** Compiles queries to SQL. */
import type { Comparison, Condition, Query, Sort } from "../../core/query/query.ts";
import { comparisonInSql } from "./compiled-comparisons.ts";

/** SQL text and the values of its parameters. */
export interface Sql {
  text: string;
  values: unknown[];
}

/**
 * A parameter that SQLite ignores when it plans a statement. With a plain `?`, a statement with ORDER BY or LIMIT is
 * prepared again for each value, which takes longer than many a query, since the driver builds SQLite with STAT4.
 */
export const unseen = "+?";

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
const toSqlValue = (value: unknown) => (typeof value === "boolean" ? Number(value) : value);
const isJson = (type: string) => type === "object" || type === "array";

/** WHERE, ORDER BY and LIMIT of a query. Rows that are equal in its sort order are sorted by `tieBreaker`. */
export function tail(query: Query, tieBreaker: string): Sql {
  const where = filter(query);
  const text = `${where.text} ORDER BY ${orderBy(query.sort, tieBreaker)}`;
  if (query.limit === null && query.offset === 0) return { text, values: where.values };
  return {
    text: `${text} LIMIT ${unseen} OFFSET ${unseen}`,
    values: [...where.values, query.limit ?? -1, query.offset],
  };
}

/** The WHERE clause for a query's conditions and search, or an empty text. */
export function filter({ where, search }: Query): Sql {
  const parts: Sql[] = [];
  if (where) parts.push(compile(where));
  if (search)
    parts.push(
      anyOf(
        search.fields.map((field) => ({
          text: `contains_text(?, ${quote(field)})`,
          values: [search.text.toLowerCase()],
        })),
      ),
    );
  if (parts.length === 0) return { text: "", values: [] };
  const { text, values } = join(parts, "AND");
  return { text: `WHERE ${text}`, values };
}

const anyOf = (parts: Sql[]): Sql => join(parts, "OR");

function join(parts: Sql[], by: "AND" | "OR"): Sql {
  if (parts.length === 0) return { text: by === "AND" ? "1" : "0", values: [] };
  if (parts.length === 1) return parts[0]!;
  // A balanced tree: SQLite limits the depth of an expression, and a chain of a thousand terms exceeds it.
  const middle = Math.ceil(parts.length / 2);
  const [left, right] = [join(parts.slice(0, middle), by), join(parts.slice(middle), by)];
  return {
    text: `(${left.text} ${by} ${right.text})`,
    values: left.values.concat(right.values),
  };
}

function orderBy(sort: readonly Sort[], tieBreaker: string): string {
  // The tie-breaker is unique, so later keys have no effect, but SQLite would sort by them all the same.
  const last = sort.findIndex(({ field, path }) => field === tieBreaker && path.length === 0);
  const names = last < 0 ? sort : sort.slice(0, last + 1);
  const keys = names.map(({ field, path, descending }) => {
    const column = quote(field);
    // The path is quoted first as JSON, then as SQL text.
    const value = path.length === 0 ? column : `json_at('${JSON.stringify(path).replaceAll("'", "''")}', ${column})`;
    return descending ? `${value} DESC` : value;
  });
  return (last < 0 ? [...keys, quote(tieBreaker)] : keys).join(", ");
}

/**
 * In SQL, a comparison with a missing value is NULL. It counts as false here, so a negation first converts it: `{a:
 * {$ne: 1}}` is true for rows without `a`, as in MongoDB.
 */
function compile(condition: Condition): Sql {
  if ("and" in condition) return join(condition.and.map(compile), "AND");
  if ("or" in condition) return join(condition.or.map(compile), "OR");
  if ("not" in condition) {
    const { text, values } = compile(condition.not);
    return { text: `NOT ifnull(${text}, 0)`, values };
  }
  return compare(condition);
}

/** For comparisons that SQL cannot express: a function of the connection compares the value. */
function compareBy(name: "json_matches" | "text_matches", { field, path, operator, value, share }: Comparison): Sql {
  const text = JSON.stringify({ path, operator, value, share });
  return { text: `${name}(${comparisonInSql(text)}, ${quote(field)})`, values: [text] };
}

function compare(comparison: Comparison): Sql {
  const { field, type, operator, value } = comparison;
  if (isJson(type)) return compareBy("json_matches", comparison);
  const column = quote(field);
  switch (operator) {
    case "$exists":
      return {
        text: `${column} IS ${value === true ? "NOT NULL" : "NULL"}`,
        values: [],
      };
    case "$eq":
      return value === null
        ? { text: `${column} IS NULL`, values: [] }
        : { text: `${column} = ${unseen}`, values: [toSqlValue(value)] };
    case "$in": {
      const list = value as unknown[];
      // SQLite parses the last bits of a number in JSON differently, so numbers are bound as parameters.
      const there = list.filter((one) => one !== null).map(toSqlValue);
      const among: Sql =
        typeof there[0] === "number"
          ? {
              text: `${column} IN (${there.map(() => unseen).join(", ")})`,
              values: there,
            }
          : {
              text: `${column} IN (SELECT value FROM json_each(${unseen}))`,
              values: [JSON.stringify(there)],
            };
      return list.includes(null) ? anyOf([among, { text: `${column} IS NULL`, values: [] }]) : among;
    }
    case "$regex":
      return compareBy("text_matches", comparison);
    default: {
      const sign = { $gt: ">", $gte: ">=", $lt: "<", $lte: "<=" }[operator];
      return { text: `${column} ${sign} ${unseen}`, values: [toSqlValue(value)] };
    }
  }
}

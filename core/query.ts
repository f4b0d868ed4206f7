import { typeInWords, type Fields, type FieldType } from "./fields.ts";
import { leafOperators, parseRegex, parseValue, refuse } from "./query-value.ts";

/** What a comparison leaf can ask. `$ne` and `$nin` are parsed into the negation of `$eq` and `$in`. */
export type Operator = "$eq" | "$gt" | "$gte" | "$lt" | "$lte" | "$in" | "$exists" | "$regex";

/** One comparison. `path` leads into an object or array field; it is empty for the field itself. */
export interface Comparison {
  field: string;
  type: FieldType;
  path: string[];
  operator: Operator;
  /** `$in`: an array; `$exists`: a boolean; `$regex`: {source, flags}; otherwise a JSON value of the field's type, or null. */
  value: unknown;
}

export type Condition = { and: Condition[] } | { or: Condition[] } | { not: Condition } | Comparison;

export interface Sort {
  field: string;
  path: string[];
  descending: boolean;
}

/** A query that passed every check, the same for every engine. */
export interface Query {
  where: Condition | null;
  sort: Sort[];
  limit: number | null;
  offset: number;
  /** Text that one of the fields contains, in any letter case. */
  search: { text: string; fields: string[] } | null;
}

/** moleculer-db's parameters of `find` and `count`, after its own conversions. */
export interface QueryParams {
  query?: unknown;
  sort?: unknown;
  limit?: unknown;
  offset?: unknown;
  search?: unknown;
  iSearch?: unknown;
  searchFields?: unknown;
}

/** Field name → type: what can be asked of a table, `id` included. */
export type QueryFields = ReadonlyMap<string, { type: FieldType }>;

/** What can be asked of a table with these fields. */
export const queryFieldsOf = (fields: Fields): QueryFields =>
  new Map<string, { type: FieldType }>([["id", { type: "string" }], ...fields]);

/** Deeper than anybody asks, and far from where a recursion ends. */
const maxDepth = 200;

/** @throws InvalidQueryError naming the field, what was found and what was expected. */
export function parseQuery(fields: QueryFields, params: QueryParams): Query {
  const text = params.search ?? params.iSearch ?? "";
  if (typeof text !== "string") return refuse("search", text, "a string");
  return {
    where: params.query === undefined || params.query === null ? null : parseWhere(fields, params.query, "query"),
    sort: parseSort(fields, params.sort),
    limit: parseCount("limit", params.limit) || null,
    offset: parseCount("offset", params.offset),
    search: text ? { text, fields: parseSearchFields(fields, params.searchFields) } : null,
  };
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  value !== null &&
  typeof value === "object" &&
  !Array.isArray(value) &&
  !(value instanceof Date) &&
  !(value instanceof RegExp);

function parseWhere(fields: QueryFields, query: unknown, at: string): Condition {
  if (at.split(".").length > maxDepth) return refuse("query", query, `conditions nested at most ${maxDepth} deep`);
  if (!isPlain(query)) return refuse(at, query, "an object of conditions");
  const conditions = Object.entries(query).map(([name, asked]): Condition => {
    if (name === "$and" || name === "$or") {
      if (!Array.isArray(asked) || asked.length === 0) return refuse(`${at}.${name}`, asked, "an array of conditions");
      const parts = asked.map((part, index) => parseWhere(fields, part, `${at}.${name}.${index}`));
      return name === "$and" ? { and: parts } : { or: inLists(parts) };
    }
    if (name === "$not") return { not: parseWhere(fields, asked, `${at}.$not`) };
    if (name.startsWith("$")) return refuse(`${at}.${name}`, name, "one of the operators $and, $or, $not or a field");
    return parseField(fields, name, asked, `${at}.${name}`);
  });
  return conditions.length === 1 ? conditions[0]! : { and: conditions };
}

const isEquality = (condition: Condition): condition is Comparison =>
  "operator" in condition && condition.operator === "$eq";

/** Alternatives, of which many values of one field become one list: twenty thousand are as good as one. */
function inLists(conditions: readonly Condition[]): Condition[] {
  const alike = Map.groupBy(conditions, (condition) =>
    isEquality(condition) ? JSON.stringify([condition.field, ...condition.path]) : condition,
  );
  return Array.from(alike.values(), (group) => {
    const [first, ...others] = group.filter(isEquality);
    if (!first || others.length === 0) return group[0]!;
    return { ...first, operator: "$in", value: [first, ...others].map(({ value }) => value) };
  });
}

function parsePath(fields: QueryFields, name: string, at: string): { field: string; type: FieldType; path: string[] } {
  const [field = "", ...path] = name.split(".");
  const declared = fields.get(field);
  if (!declared) return refuse(at, name, `one of the fields ${[...fields.keys()].join(", ")}`);
  if (path.length > 0 && declared.type !== "object" && declared.type !== "array")
    return refuse(at, name, `no path: the field ${field} is ${typeInWords(declared.type)}`);
  // oxlint-disable-next-line no-control-regex -- SQLite's text ends at a NUL
  if (path.some((step) => step === "" || /["\u0000]/.test(step)))
    return refuse(at, name, "a path of non-empty steps without quotes");
  return { field, type: declared.type, path };
}

function parseField(fields: QueryFields, name: string, asked: unknown, at: string): Condition {
  const place = parsePath(fields, name, at);
  const operators = isPlain(asked) ? Object.keys(asked) : [];
  if (asked instanceof RegExp)
    return {
      ...place,
      operator: "$regex",
      value: parseRegex(place.type, asked, undefined, at),
    };
  if (!operators.some((key) => key.startsWith("$")))
    return {
      ...place,
      operator: "$eq",
      value: parseValue(place.type, asked, at),
    };

  const { $options, ...rest } = asked as Record<string, unknown>;
  if ($options !== undefined && !("$regex" in rest)) refuse(`${at}.$options`, $options, "$regex beside it");
  const parts = Object.entries(rest).map(([operator, value]) =>
    parseOperator(fields, name, operator, value, $options, at),
  );
  return parts.length === 1 ? parts[0]! : { and: parts };
}

function parseOperator(
  fields: QueryFields,
  name: string,
  operator: string,
  asked: unknown,
  options: unknown,
  above: string,
): Condition {
  const at = `${above}.${operator}`;
  const place = parsePath(fields, name, above);
  switch (operator) {
    case "$eq":
      return { ...place, operator, value: parseValue(place.type, asked, at) };
    case "$ne":
      return {
        not: {
          ...place,
          operator: "$eq",
          value: parseValue(place.type, asked, at),
        },
      };
    case "$gt":
    case "$gte":
    case "$lt":
    case "$lte": {
      const value = parseValue(place.type, asked, at);
      if (typeof value !== "string" && typeof value !== "number")
        return refuse(at, asked, "a string, number or date to compare with");
      return { ...place, operator, value };
    }
    case "$in":
    case "$nin": {
      if (!Array.isArray(asked)) return refuse(at, asked, "an array");
      const value = asked.map((one, index) => parseValue(place.type, one, `${at}.${index}`));
      const among: Condition = { ...place, operator: "$in", value };
      return operator === "$in" ? among : { not: among };
    }
    case "$exists":
      if (typeof asked !== "boolean" && asked !== "true" && asked !== "false")
        return refuse(at, asked, "true or false");
      return { ...place, operator, value: asked === true || asked === "true" };
    case "$regex":
      return {
        ...place,
        operator,
        value: parseRegex(place.type, asked, options, at),
      };
    case "$not":
      return { not: parseField(fields, name, asked, at) };
    default:
      return refuse(at, operator, `one of the operators ${leafOperators.join(", ")}`);
  }
}

function parseSort(fields: QueryFields, sort: unknown): Sort[] {
  if (sort === undefined || sort === null || sort === "") return [];
  const names: unknown[] =
    typeof sort === "string"
      ? sort.split(/[,\s]+/)
      : Array.isArray(sort)
        ? sort
        : refuse("sort", sort, "a string or an array of them");
  return names.map((name) => {
    if (typeof name !== "string") return refuse("sort", name, "a field's name, with - in front for descending");
    const descending = name.startsWith("-");
    const { field, path, type } = parsePath(fields, descending ? name.slice(1) : name, "sort");
    if (path.length === 0 && (type === "object" || type === "array"))
      refuse("sort", name, `no sort by ${typeInWords(type)}; a path into it will do`);
    return { field, path, descending };
  });
}

function parseCount(field: string, found: unknown): number {
  if (found === undefined || found === null) return 0;
  if (typeof found === "number" && Number.isSafeInteger(found) && found >= 0) return found;
  return refuse(field, found, "a whole number from 0");
}

function parseSearchFields(fields: QueryFields, asked: unknown): string[] {
  if (asked === undefined || asked === null) return [...fields.keys()];
  const names: unknown[] =
    typeof asked === "string"
      ? asked.split(/[,\s]+/)
      : Array.isArray(asked)
        ? asked
        : refuse("searchFields", asked, "an array of fields");
  return names.map((name) => {
    if (typeof name !== "string" || !fields.has(name))
      return refuse("searchFields", name, `one of the fields ${[...fields.keys()].join(", ")}`);
    return name;
  });
}

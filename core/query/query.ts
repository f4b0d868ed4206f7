import type { Condition } from "./condition.ts";
import { InvalidQueryError } from "../errors/errors.ts";
import { typeInWords, type Fields, type FieldType } from "../rows/fields.ts";
import { queryBounds, QueryBudget } from "./query-bounds.ts";
import { ConditionParser } from "./query-condition.ts";
import { parseNames, parsePath, type QueryFields } from "./query-path.ts";
import { refuse } from "./query-refusal.ts";

export type { Comparison, Condition, Operator } from "./condition.ts";
export type { QueryFields } from "./query-path.ts";

/** One field of a sort order, or a path into a field. */
export interface Sort {
  field: string;
  path: string[];
  descending: boolean;
}

/** A checked query, the same for every engine. */
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

/** The fields of a table that queries can use. */
export const queryFieldsOf = (fields: Fields): QueryFields =>
  new Map<string, { type: FieldType }>([["id", { type: "string" }], ...fields]);

/**
 * Parses a query of a caller, which may be anything, even an object whose properties throw when they are read.
 * @throws InvalidQueryError naming the field, the value found and the expected one
 */
export function parseQuery(fields: QueryFields, params: QueryParams): Query {
  try {
    return parse(fields, params);
  } catch (error) {
    if (error instanceof InvalidQueryError) throw error;
    return refuse("query", messageOf(error), "values that can be read");
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : typeof error;
}

function parse(fields: QueryFields, params: QueryParams): Query {
  const { query } = params;
  return {
    where: query === undefined || query === null ? null : new ConditionParser(fields, new QueryBudget()).parse(query),
    sort: parseSort(fields, params.sort),
    limit: parseCount("limit", params.limit) || null,
    offset: parseCount("offset", params.offset),
    search: parseSearch(fields, params),
  };
}

function parseSort(fields: QueryFields, sort: unknown): Sort[] {
  if (sort === undefined || sort === null || sort === "") return [];
  const names = parseNames("sort", sort, queryBounds.sorts, "a string or an array of them");
  // A repeated field has no effect.
  const sorts = new Map<string, Sort>();
  for (const name of names) {
    if (typeof name !== "string") return refuse("sort", name, "a field's name, with - in front for descending");
    const descending = name.startsWith("-");
    const { field, path, type } = parsePath(fields, descending ? name.slice(1) : name, "sort");
    if (path.length === 0 && (type === "object" || type === "array"))
      refuse("sort", name, `no sort by ${typeInWords(type)}; a path into it will do`);
    const key = [field, ...path].join(".");
    if (!sorts.has(key)) sorts.set(key, { field, path, descending });
  }
  return [...sorts.values()];
}

function parseCount(field: string, found: unknown): number {
  if (found === undefined || found === null) return 0;
  if (typeof found === "number" && Number.isSafeInteger(found) && found >= 0) return found;
  return refuse(field, found, "a whole number from 0");
}

function parseSearch(fields: QueryFields, params: QueryParams): Query["search"] {
  const text = params.search ?? params.iSearch ?? "";
  if (typeof text !== "string") return refuse("search", text, "a string");
  const { searchCharacters } = queryBounds;
  if (text.length > searchCharacters) refuse("search", text, `a text of at most ${searchCharacters} characters`);
  return text ? { text, fields: parseSearchFields(fields, params.searchFields) } : null;
}

function parseSearchFields(fields: QueryFields, asked: unknown): string[] {
  if (asked === undefined || asked === null) return [...fields.keys()];
  const names = parseNames("searchFields", asked, queryBounds.names, "an array of fields");
  const known = names.map((name) => {
    if (typeof name !== "string" || !fields.has(name))
      return refuse("searchFields", name, `one of the fields ${[...fields.keys()].join(", ")}`);
    return name;
  });
  return [...new Set(known)];
}

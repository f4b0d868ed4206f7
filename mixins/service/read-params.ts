import { didYouMean, nearName } from "../../core/options/near-name.ts";
import { isReservedParam, reserved } from "../../core/options/reserved.ts";
import { described, type Problem } from "../../core/errors/problem.ts";
import { queryBounds } from "../../core/query/query-bounds.ts";
import { isPlain } from "../../core/query/query-value.ts";

const names = ["populate", "fields", "excludeFields", "scope"];
const ofFind = [...names, "limit", "offset", "sort", "search", "iSearch", "searchFields", "query"];
const ofGet = ["id", ...names, "mapping"];

/** The params of each reading action. `count` accepts those of `find`, so that a caller can send the same to both. */
export const paramsOfActions = {
  find: ofFind,
  list: [...ofFind.filter((name) => name !== "limit" && name !== "offset"), "page", "pageSize"],
  count: ofFind,
  get: ofGet,
  resolve: [...ofGet, "throwIfNotExist"],
};

export type ReadActionName = keyof typeof paramsOfActions;

/** Names that other libraries give a param. Ignored, each would return other rows than the caller wants. */
const elsewhere: Readonly<Record<string, string>> = {
  where: "query",
  filter: "query",
  orderBy: "sort",
  order: "sort",
  skip: "offset",
  take: "limit",
  readAfter: "meta.readAfter",
  meta: "the option meta of the call",
};

const allNames = [...new Set(Object.values(paramsOfActions).flat())];
const maxParams = 1000;
const maxProblems = 20;

/** The names of fields, which belong into `query`. */
type FieldNames = Pick<ReadonlySet<string>, "has">;

/**
 * The problems of params that are probably misspelt, that belong to another reading action, or that are a field which
 * belongs into `query`. Ignoring these would return other rows than the caller wants. Other unknown params are ignored,
 * because a URL may have them for a proxy or a statistic.
 */
export function nameProblems(action: ReadActionName, given: object, fields: FieldNames): Problem[] {
  const known = paramsOfActions[action];
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length > maxParams)
    return [
      {
        field: "params",
        found: described(`${unknown.length} unknown params`),
        expected: `the params ${known.join(", ")}`,
      },
    ];
  return unknown
    .filter(
      (name) =>
        fields.has(name) ||
        isReserved(name, fields) ||
        allNames.includes(name) ||
        Object.hasOwn(elsewhere, name) ||
        nearName(name, known) !== null,
    )
    .slice(0, maxProblems)
    .map((name) => ({
      field: name,
      found: name,
      expected: isReserved(name, fields)
        ? reserved
        : `one of the params ${known.join(", ")}${meant(name, known, fields)}`,
    }));
}

function meant(name: string, known: readonly string[], fields: FieldNames): string {
  if (fields.has(name) && known.includes("query")) return ` (did you mean query.${name}?)`;
  const other = Object.hasOwn(elsewhere, name) ? elsewhere[name]! : null;
  return other !== null && (known.includes(other) || other.includes("meta"))
    ? ` (did you mean ${other}?)`
    : didYouMean(name, known);
}

const isReserved = (name: string, fields: FieldNames) => isReservedParam(name) && !fields.has(name);

/** True if the cache key can represent the params: Moleculer's key generator ignores the content of a RegExp or a Map. */
export function haveKey(action: ReadActionName, params: object, fields: FieldNames): boolean {
  return nameProblems(action, params, fields).length === 0 && Object.values(params).every((value) => isJson(value, 0));
}

const isJson = (value: unknown, depth: number): boolean => {
  if (value === null || typeof value !== "object") return true;
  if (depth > queryBounds.depth || !(Array.isArray(value) || isPlain(value))) return false;
  return Object.values(value).every((inner) => isJson(inner, depth + 1));
};

import { didYouMean, nearName } from "../../core/options/near-name.ts";
import { described, type Problem } from "../../core/errors/problem.ts";
import { queryBounds } from "../../core/query/query-bounds.ts";
import { isPlain } from "../../core/query/query-value.ts";

const names = ["populate", "fields", "excludeFields"];
const ofFind = [...names, "limit", "offset", "sort", "search", "iSearch", "searchFields", "query"];
const ofGet = ["id", ...names, "mapping"];

/** The params of each reading action. A caller that counts what it finds may send the same params. */
export const paramsOfActions = {
  find: ofFind,
  list: [...ofFind.filter((name) => name !== "limit" && name !== "offset"), "page", "pageSize"],
  count: ofFind,
  get: ofGet,
  resolve: [...ofGet, "throwIfNotExist"],
};

export type ReadActionName = keyof typeof paramsOfActions;

const allNames = [...new Set(Object.values(paramsOfActions).flat())];
const maxParams = 1000;
const maxProblems = 20;

/** Names that a query may have, and no action. */
type FieldNames = Pick<ReadonlySet<string>, "has">;

/**
 * The problems of params that are probably a misspelt one, one of another reading action, or a field that belongs into
 * `query`: the answer would be that of a call without it. Other unknown params, which a URL may have for a proxy or a
 * statistic, have no effect.
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
    .filter((name) => fields.has(name) || allNames.includes(name) || nearName(name, known) !== null)
    .slice(0, maxProblems)
    .map((name) => ({
      field: name,
      found: name,
      expected: `one of the params ${known.join(", ")}${fields.has(name) && known.includes("query") ? ` (did you mean query.${name}?)` : didYouMean(name, known)}`,
    }));
}

/** Whether the key of a cached answer tells these params from all others: it sees neither a RegExp nor a Map. */
export function haveKey(action: ReadActionName, params: object, fields: FieldNames): boolean {
  return nameProblems(action, params, fields).length === 0 && Object.values(params).every((value) => isJson(value, 0));
}

const isJson = (value: unknown, depth: number): boolean => {
  if (value === null || typeof value !== "object") return true;
  if (depth > queryBounds.depth || !(Array.isArray(value) || isPlain(value))) return false;
  return Object.values(value).every((inner) => isJson(inner, depth + 1));
};

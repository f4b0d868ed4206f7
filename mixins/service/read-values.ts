import { described, safeText } from "../../core/errors/problem.ts";
import { InvalidQueryError, ValidationError } from "../../core/errors/errors.ts";
import { queryBounds } from "../../core/query/query-bounds.ts";
import { textIdOf } from "../../core/event/params-id.ts";
import { parseNames } from "../../core/query/query-path.ts";

type Params = Record<string, unknown>;
/** Returns undefined to omit the param. */
type Conversion = (given: unknown, name: string) => unknown;

/**
 * Converts the params of a call to the types that moleculer-db uses: names as arrays, numbers as numbers, a query as an
 * object. Params that no reading action has stay unchanged. The broker's validator does not suffice: it limits neither
 * names nor characters, a broker may have none, and it converts after the cache.
 *
 * @throws ValidationError for a param of a wrong type or beyond its bounds, InvalidQueryError for names and JSON
 */
export function readValues(given: Params): Params {
  const params: Params = { ...given };
  for (const [name, convert] of Object.entries(conversions)) {
    const found = params[name];
    const value = found === undefined || found === null ? undefined : convert(found, name);
    if (value === undefined) delete params[name];
    else params[name] = value;
  }
  return params;
}

/** @throws ValidationError */
function wrong(field: string, found: unknown, expected: string): never {
  throw new ValidationError([{ field, found, expected }]);
}

const whole =
  (least: number): Conversion =>
  (given, name) => {
    const number = typeof given === "string" && /^\d{1,16}$/.test(given) ? Number(given) : given;
    if (Number.isSafeInteger(number) && (number as number) >= least) return number;
    return wrong(name, given, `a whole number from ${least} to ${Number.MAX_SAFE_INTEGER}`);
  };

const text: Conversion = (given, name) => (typeof given === "string" ? given : wrong(name, given, "a string"));

const truth: Conversion = (given, name) => {
  if (given === "true" || given === "false") return given === "true";
  return typeof given === "boolean" ? given : wrong(name, given, "true or false");
};

const expectedNames = "a string or an array of strings";

const names: Conversion = (given, name) => {
  if (given === "") return undefined;
  if (typeof given !== "string" && !Array.isArray(given)) return wrong(name, given, expectedNames);
  const found = parseNames(name, given, queryBounds.names, expectedNames).filter((one) => one !== "");
  const { nameCharacters, steps } = queryBounds;
  for (const one of found) {
    if (typeof one !== "string") return wrong(name, one, expectedNames);
    if (one.length > nameCharacters) wrong(name, one, `names of at most ${nameCharacters} characters`);
    if (one.split(/[.[]/).length > steps) wrong(name, one, `paths of at most ${steps} steps`);
  }
  return [...new Set(found)];
};

const sort: Conversion = (given, name) => {
  if (given === "") return undefined;
  if (typeof given !== "string" && !Array.isArray(given)) return wrong(name, given, expectedNames);
  return parseNames(name, given, queryBounds.sorts, expectedNames);
};

const query: Conversion = (given, name) => {
  if (typeof given === "object") return given;
  if (typeof given !== "string") return wrong(name, given, "an object of conditions, or its JSON");
  const { jsonCharacters } = queryBounds;
  if (given.length > jsonCharacters) wrong(name, given, `JSON of at most ${jsonCharacters} characters`);
  try {
    return JSON.parse(given) as unknown;
  } catch (error) {
    const expected = `JSON (${safeText(error)})`;
    throw new InvalidQueryError({ field: name, found: given, expected });
  }
};

const ids: Conversion = (given, name) => {
  const list: unknown[] = Array.isArray(given) ? given : [given];
  const { nameCharacters, ids: most, repeatedIds } = queryBounds;
  if (list.length > repeatedIds) wrong(name, described(`${list.length} ids`), `at most ${most} different ones`);
  for (const one of list) {
    const isFine = typeof one === "string" ? one.length <= nameCharacters : textIdOf(one) !== null;
    if (!isFine) wrong(name, one, `an id of at most ${nameCharacters} characters, or an array of them`);
  }
  const distinct = new Set(list.map(String)).size;
  if (distinct > most) wrong(name, described(`${distinct} ids`), `at most ${most}`);
  const texts = list.map((one) => (typeof one === "bigint" ? String(one) : one));
  return Array.isArray(given) ? texts : texts[0];
};

const conversions: Record<string, Conversion> = {
  id: ids,
  query,
  populate: names,
  fields: names,
  excludeFields: names,
  searchFields: names,
  sort,
  search: text,
  iSearch: text,
  limit: whole(0),
  offset: whole(0),
  page: whole(1),
  pageSize: whole(0),
  mapping: truth,
  throwIfNotExist: truth,
};

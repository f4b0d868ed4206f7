import { isDeepStrictEqual } from "node:util";
import { canonicalJson } from "./canonical-json.ts";
import type { Comparison } from "./condition.ts";
import { compileRegex, type Regex } from "./regex.ts";
import { compareText } from "./text-order.ts";
import { valuesAt } from "./values-at.ts";

type Test = (value: unknown) => boolean;

/** The part of a comparison that a value is compared by. */
export type ValueComparison = Pick<Comparison, "path" | "operator" | "value">;

/**
 * Whether a JSON value satisfies a comparison, as in MongoDB: a path goes through arrays element by element, an array
 * also matches by any of its elements, values of different types are never equal nor ordered, null is the same as absent.
 * What does not depend on the value, like a list's keys and a pattern's program, is computed once here.
 */
export function compileComparison({ path, operator, value: asked }: ValueComparison): Test {
  const meets = testOfFound(operator, asked);
  return path.length === 0 ? (value) => meets([value]) : (value) => meets(valuesAt(value, path));
}

/** The same for a single value. */
export const matches = (comparison: ValueComparison, value: unknown): boolean => compileComparison(comparison)(value);

function testOfFound(operator: Comparison["operator"], asked: unknown): (found: unknown[]) => boolean {
  switch (operator) {
    case "$exists":
      return (found) => found.some(isThere) === asked;
    case "$eq":
      return asked === null ? (found) => !found.some(isThere) : anyOf((one) => isDeepStrictEqual(one, asked));
    case "$in": {
      const list = asked as unknown[];
      const isAmong = anyOf(membership(list));
      return list.includes(null) ? (found) => !found.some(isThere) || isAmong(found) : isAmong;
    }
    case "$regex": {
      const test = compileRegex(asked as Regex);
      return anyOf((one) => typeof one === "string" && test(one));
    }
    default:
      return anyOf((one) => isOrdered(operator, one, asked));
  }
}

const isThere = (value: unknown) => value !== undefined && value !== null;
const isObject = (value: unknown): value is object => value !== null && typeof value === "object";

/** Some value, or an element of an array, passes. */
const anyOf = (test: Test) => (found: unknown[]) =>
  found.some((one) => test(one) || (Array.isArray(one) && one.some(test)));

/** A list is a set of keys, so that a value is looked up once, however many there are. */
function membership(list: readonly unknown[]): Test {
  const plain = new Set(list.filter((one) => isThere(one) && !isObject(one)));
  const objects = new Set(list.filter(isObject).map(canonicalJson));
  return (one) => (isObject(one) ? objects.size > 0 && objects.has(canonicalJson(one)) : plain.has(one));
}

function isOrdered(operator: string, found: unknown, asked: unknown): boolean {
  if (typeof found !== typeof asked || (typeof found !== "string" && typeof found !== "number")) return false;
  const order = typeof found === "string" ? compareText(found, asked as string) : found - (asked as number);
  return operator === "$gt"
    ? order > 0
    : operator === "$gte"
      ? order >= 0
      : operator === "$lt"
        ? order < 0
        : order <= 0;
}

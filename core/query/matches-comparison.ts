import { canonicalJson } from "../json/canonical-json.ts";
import type { Comparison } from "./condition.ts";
import { compileRegex, type Regex } from "./regex.ts";
import { maxRowEffort, throwEffortExceeded } from "./row-effort.ts";
import { compareText } from "../text/text-order.ts";
import { valuesAt } from "./values-at.ts";

type Test = (value: unknown) => boolean;

/** The part of a comparison that applies to a value. */
export type ValueComparison = Pick<Comparison, "path" | "operator" | "value" | "share">;

/**
 * Compiles a comparison of JSON values, with MongoDB's semantics: a path goes through arrays element by element, an
 * array also matches by any of its elements, values of different types are never equal nor ordered, null equals absent.
 * Everything that does not depend on the value, like a list's keys and a pattern's program, is computed once.
 */
export function compileComparison({ path, operator, value: asked, share = maxRowEffort }: ValueComparison): Test {
  const meets = testOfFound(operator, asked, share);
  if (path.length === 0) return (value) => meets([value]);
  return (value) => {
    let looked = 0;
    const found = valuesAt(value, path, (nodes) => {
      looked += nodes;
      if (looked > share) throwEffortExceeded(`more than ${share} elements on the way along ${path.join(".")}`, share);
    });
    return meets(found);
  };
}

/** The same for a single use. */
export const matchesComparison = (comparison: ValueComparison, value: unknown): boolean =>
  compileComparison(comparison)(value);

function testOfFound(operator: Comparison["operator"], asked: unknown, share: number): (found: unknown[]) => boolean {
  switch (operator) {
    case "$exists":
      return (found) => found.some(isThere) === asked;
    case "$eq":
      return testOfFound("$in", [asked], share);
    case "$in": {
      const list = asked as unknown[];
      const { test, sizeOf } = membership(list);
      const isAmong = anyOf(test, share, sizeOf);
      return list.includes(null) ? (found) => !found.some(isThere) || isAmong(found) : isAmong;
    }
    case "$regex": {
      const { test, size } = compileRegex(asked as Regex);
      return anyOf((one) => typeof one === "string" && test(one), share, size > 0 ? sizeOfText : () => 1);
    }
    default:
      return anyOf(
        (one) => isOrdered(operator, one, asked),
        share,
        () => 1,
      );
  }
}

const isThere = (value: unknown) => value !== undefined && value !== null;
const isObject = (value: unknown): value is object => value !== null && typeof value === "object";

/** Whether any value, or any element of an array, passes. `sizeOf`: the effort that a test of a value costs. */
function anyOf(test: Test, share: number, sizeOf: (value: unknown) => number): (found: unknown[]) => boolean {
  return (found) => {
    let looked = 0;
    const passes = (one: unknown) => {
      looked += sizeOf(one);
      if (looked > share) throwEffortExceeded(`values of a size of more than ${share}`, share);
      return test(one);
    };
    return found.some((one) => passes(one) || (Array.isArray(one) && one.some(passes)));
  };
}

const sizeOfText = (value: unknown) => (typeof value === "string" ? value.length : 1);

/** Turns a list into a set of keys, so that a lookup takes constant time. */
function membership(list: readonly unknown[]): { test: Test; sizeOf: (value: unknown) => number } {
  const plain = new Set(list.filter((one) => isThere(one) && !isObject(one)));
  const objects = new Set(list.filter(isObject).map(canonicalJson));
  // The shape alone distinguishes most objects without serialising them.
  const shapes = new Set(list.filter(isObject).map(shapeOf));
  const maybe = (one: unknown) => isObject(one) && shapes.size > 0 && shapes.has(shapeOf(one));
  return {
    test: (one) => (isObject(one) ? maybe(one) && objects.has(jsonOf(one)) : plain.has(one)),
    sizeOf: (one) => (maybe(one) ? perObject + jsonOf(one as object).length : 1),
  };
}

/** Serialising an object costs as much as this many characters. */
const perObject = 30;

const shapeOf = (value: object) => (Array.isArray(value) ? `[${value.length}]` : `{${Object.keys(value).length}}`);

/** Cached by value, since several comparisons of a query serialise the same value. */
const jsonTexts = new WeakMap<object, string>();

function jsonOf(value: object): string {
  let text = jsonTexts.get(value);
  if (text === undefined) jsonTexts.set(value, (text = canonicalJson(value)));
  return text;
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

import { canonicalJson } from "../json/canonical-json.ts";
import type { Comparison } from "./condition.ts";
import { jsonHash } from "./json-hash.ts";
import { compileRegex, type Regex } from "./regex.ts";
import { maxRowEffort, throwEffortExceeded } from "./row-effort.ts";
import { compareText } from "../text/text-order.ts";
import { valuesAt } from "./values-at.ts";

// Looked up once: globals are slow inside a VM context, such as a test runner's.
const { keys } = Object;
const { isArray } = Array;

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
      const isAmong = anyOf(membership(list), share);
      return list.includes(null) ? (found) => !found.some(isThere) || isAmong(found) : isAmong;
    }
    case "$regex":
      return anyOf(pattern(asked as Regex), share);
    default:
      return anyOf((one) => isOrdered(operator, one, asked), share);
  }
}

const isThere = (value: unknown) => value !== undefined && value !== null;
const isObject = (value: unknown): value is object => value !== null && typeof value === "object";

/** A test of one value, which says what it costs beyond looking at the value. */
type CountedTest = (value: unknown, spend: (effort: number) => void) => boolean;

/** Whether any value, or any element of an array, passes. */
function anyOf(test: CountedTest, share: number): (found: unknown[]) => boolean {
  return (found) => {
    let spent = 0;
    const spend = (effort: number) => {
      spent += effort;
      if (spent > share) throwEffortExceeded(`values of a size of more than ${share}`, share);
    };
    const passes = (one: unknown) => {
      spend(1);
      return test(one, spend);
    };
    return found.some((one) => passes(one) || (isArray(one) && one.some(passes)));
  };
}

function pattern(regex: Regex): CountedTest {
  const { test, size } = compileRegex(regex);
  return (one, spend) => {
    if (typeof one !== "string") return false;
    if (size > 0) spend(one.length);
    return test(one);
  };
}

/** Looks a value up by its hash, so that it takes the same time in a long list. */
function membership(list: readonly unknown[]): CountedTest {
  const plain = new Set(list.filter((one) => isThere(one) && !isObject(one)));
  const objects = list.filter(isObject);
  // The shape alone distinguishes most objects without looking into them.
  const shapes = new Set(objects.map(shapeOf));
  const hashes = new Set(objects.map((one) => jsonHash(one, () => {})));
  const texts = new Set(objects.map(canonicalJson));
  return (one, spend) => {
    if (!isObject(one)) return plain.has(one);
    if (shapes.size === 0 || !shapes.has(shapeOf(one)) || !hashes.has(jsonHash(one, spend))) return false;
    const text = canonicalJson(one);
    spend(perObject + text.length);
    return texts.has(text);
  };
}

/** Serialising an object costs as much as this many characters. */
const perObject = 100;

const shapeOf = (value: object) => (isArray(value) ? `[${value.length}]` : `{${keys(value).length}}`);

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

import { jsonCopy, type Oversize } from "./json-copy.ts";
import type { Problem } from "../errors/problem.ts";

/** A value as JSON keeps it, with the text that is stored. Dates become strings, `undefined` fields disappear. */
export interface JsonValue {
  text: string;
  value: unknown;
}

/**
 * Deeper values would overflow the stack of whatever walks through them later, also in the middle of a commit that they
 * share with others.
 */
const maxDepth = 500;
/** More than any engine takes for one value. */
export const maxCharacters = 2 ** 25;

/**
 * Turns a value into the JSON that is stored, so that local callers, remote ones and a replay see the same.
 * What JSON cannot hold, or would lose in silence (a circle, a BigInt, a function, NaN, a Promise, a Map, an instance of
 * a class without `toJSON`, half a surrogate pair), is a problem that names its path. Over `most` characters it is an
 * `Oversize`, found without a look at the rest.
 */
export function toJson(field: string, input: unknown, most = maxCharacters): JsonValue | Problem | Oversize {
  const copy = quickCopy(input, most);
  if (copy !== notPlain) {
    const text = JSON.stringify(copy);
    // A lone surrogate is written as an escape. A text may also hold the letters of one: the slower copy decides.
    if (!text.includes("\\ud")) return { text, value: copy };
  }
  const result = jsonCopy(field, input, { levels: maxDepth, characters: most });
  return isProblem(result) ? result : { text: JSON.stringify(result.value), value: result.value };
}

export const isProblem = (result: object): result is Problem => "expected" in result;
export const isOversize = (result: object): result is Oversize => "atLeast" in result;

const notPlain = Symbol("not plain");

/** How many characters the copy that is being made may still take. A getter may begin another copy meanwhile. */
let left = 0;

function quickCopy(input: unknown, most: number): unknown {
  const before = left;
  left = most;
  try {
    return copyOfPlain(input, maxDepth);
  } catch {
    // A getter or a Proxy; the slower copy names its place.
    return notPlain;
  } finally {
    left = before;
  }
}

/**
 * What is left of most values when they are written as JSON and parsed again, in a third of the time: finite numbers,
 * strings, booleans and nulls in plain objects and arrays. Anything else is `notPlain`, whatever JSON makes of it.
 */
function copyOfPlain(value: unknown, levels: number): unknown {
  if (typeof value === "string") return (left -= value.length + 1) < 0 ? notPlain : value;
  if (--left < 0) return notPlain;
  if (typeof value === "boolean" || value === null) return value;
  // JSON knows no -0.
  if (typeof value === "number") return Number.isFinite(value) ? value || 0 : notPlain;
  if (typeof value !== "object" || levels === 0) return notPlain;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) return "toJSON" in value ? notPlain : copyOfArray(value as unknown[], levels - 1);
  return prototype === Object.prototype ? copyOfObject(value as Record<string, unknown>, levels - 1) : notPlain;
}

function copyOfArray(values: unknown[], levels: number): unknown {
  const copy: unknown[] = [];
  for (const value of values) {
    const inner = copyOfPlain(value, levels);
    if (inner === notPlain) return notPlain;
    copy.push(inner);
  }
  return copy;
}

function copyOfObject(value: Record<string, unknown>, levels: number): unknown {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const given = value[key];
    if (given === undefined) continue;
    left -= key.length;
    const inner = copyOfPlain(given, levels);
    // To assign to this name would change the copy's prototype.
    if (inner === notPlain || key === "__proto__") return notPlain;
    copy[key] = inner;
  }
  return copy;
}

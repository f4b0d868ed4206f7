import { jsonCopy, type Oversize } from "./json-copy.ts";
import type { Problem } from "../errors/problem.ts";

/** A value after a round trip through JSON, with its text. Dates become strings, `undefined` fields disappear. */
export interface JsonValue {
  text: string;
  value: unknown;
}

/** Deeper values would overflow the stack of a later reader, possibly within a commit shared with other appends. */
const maxDepth = 500;
/** More than any engine stores in one value. */
export const maxCharacters = 2 ** 25;

/**
 * Converts a value into the JSON that is stored, so that local callers, remote callers and a replay see the same. A
 * value that JSON cannot represent or would lose silently (a circular reference, a BigInt, a function, NaN, a Promise,
 * a Map, an instance of a class without `toJSON`, a lone surrogate) is a problem that names its path. More than `most`
 * characters are an `Oversize`, found without reading the rest.
 */
export function toJson(field: string, input: unknown, most = maxCharacters): JsonValue | Problem | Oversize {
  const before = left;
  left = most;
  try {
    const copy = copyOfPlain(input, maxDepth);
    const text = copy === notPlain ? null : JSON.stringify(copy);
    // A lone surrogate is written as an escape. A text may also contain these characters literally; the slower copy
    // decides.
    if (text?.includes("\\ud") === false) return { text, value: copy };
  } catch {
    // A getter or a Proxy threw; the slower copy finds its path.
  } finally {
    left = before;
  }
  const result = jsonCopy(field, input, { levels: maxDepth, characters: most });
  return isProblem(result) ? result : { text: JSON.stringify(result.value), value: result.value };
}

export const isProblem = (result: object): result is Problem => "expected" in result;
export const isOversize = (result: object): result is Oversize => "atLeast" in result;

const notPlain = Symbol("not plain");

/** Characters that the current copy may still take. A getter may start another copy meanwhile. */
let left = 0;

/**
 * A round trip through JSON for most values, in a third of the time: finite numbers, strings, booleans and nulls in
 * plain objects and arrays. Returns `notPlain` for any other value.
 */
function copyOfPlain(value: unknown, levels: number): unknown {
  if (typeof value === "string") return (left -= value.length + 1) < 0 ? notPlain : value;
  if (--left < 0) return notPlain;
  if (typeof value === "boolean" || value === null) return value;
  // JSON has no -0.
  if (typeof value === "number") return Number.isFinite(value) ? value || 0 : notPlain;
  if (typeof value !== "object" || levels === 0) return notPlain;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) return "toJSON" in value ? notPlain : copyOfArray(value as unknown[], levels - 1);
  if (prototype !== Object.prototype) return notPlain;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const given = (value as Record<string, unknown>)[key];
    if (given === undefined) continue;
    left -= key.length;
    const inner = copyOfPlain(given, levels - 1);
    // An assignment to this name would change the copy's prototype.
    if (inner === notPlain || key === "__proto__") return notPlain;
    copy[key] = inner;
  }
  return copy;
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

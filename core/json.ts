import type { Problem } from "./problem.ts";

/** A value as JSON keeps it, with the text that is stored. Dates become strings, `undefined` fields disappear. */
export interface JsonValue {
  text: string;
  value: unknown;
}

/**
 * Deeper values would overflow the stack of whoever walks through them later, also in the middle of a commit that they
 * share with others.
 */
const maxDepth = 500;

/**
 * Turns a value into the JSON that is stored, so that local callers, remote ones and a replay see the same.
 * What JSON cannot hold (a circle, a BigInt, a function, NaN) is a problem that names its path.
 */
export function toJson(field: string, input: unknown): JsonValue | Problem {
  try {
    const copy = copyOfPlain(input, maxDepth);
    if (copy !== notPlain) return { text: JSON.stringify(copy), value: copy };
    const text = JSON.stringify(input);
    if (text === undefined) return { field, found: input, expected: "a JSON value" };
    const lost = findLost(field, input);
    if (lost) return lost;
    const value: unknown = JSON.parse(text);
    // Each level takes two characters, so most texts need no look.
    if (text.length > 2 * maxDepth && isDeeper(value, maxDepth))
      return { field, found: input, expected: `a JSON value of at most ${maxDepth} levels` };
    return { text, value };
  } catch (error) {
    try {
      const problem = findUnstorable(field, input, new Set());
      if (problem) return problem;
    } catch {
      // Nested so deep that the look at it fails too.
    }
    return { field, found: input, expected: `a JSON value (${String(error)})` };
  }
}

const notPlain = Symbol("not plain");

/**
 * What is left of most values when they are written as JSON and parsed again, in a third of the time: finite numbers,
 * strings, booleans and nulls in plain objects and arrays. Anything else is `notPlain`, whatever JSON makes of it.
 */
function copyOfPlain(value: unknown, levels: number): unknown {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
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
    const inner = copyOfPlain(given, levels);
    // To assign to this name would change the copy's prototype.
    if (inner === notPlain || key === "__proto__") return notPlain;
    copy[key] = inner;
  }
  return copy;
}

export const isProblem = (result: object): result is Problem => "expected" in result;

const isDeeper = (value: unknown, levels: number): boolean =>
  value !== null &&
  typeof value === "object" &&
  (levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1)));

function findLost(field: string, value: unknown): Problem | null {
  if (typeof value === "number" && !Number.isFinite(value)) return { field, found: value, expected: "a finite number" };
  if (value instanceof Map || value instanceof Set)
    return { field, found: value, expected: "a JSON value (an object or an array)" };
  if (typeof value === "function" || typeof value === "symbol")
    return { field, found: value, expected: "a JSON value" };
  if (value instanceof Date && Number.isNaN(value.getTime())) return { field, found: value, expected: "a valid date" };
  if (value === null || typeof value !== "object" || "toJSON" in value) return null;
  return firstInside(value, (key, inner) => findLost(`${field}.${key}`, inner));
}

function findUnstorable(field: string, value: unknown, above: Set<object>): Problem | null {
  if (typeof value === "bigint")
    return {
      field,
      found: value,
      expected: "a JSON value (write it as a string)",
    };
  if (value === null || typeof value !== "object") return null;
  if (above.has(value))
    return {
      field,
      found: value,
      expected: "a JSON value without a circular reference",
    };
  above.add(value);
  const problem = firstInside(value, (key, inner) => findUnstorable(`${field}.${key}`, inner, above));
  above.delete(value);
  return problem;
}

function firstInside(value: object, look: (key: string, inner: unknown) => Problem | null): Problem | null {
  for (const [key, inner] of Object.entries(value)) {
    const problem = look(key, inner);
    if (problem) return problem;
  }
  return null;
}

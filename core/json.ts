import type { Problem } from "./errors.ts";

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

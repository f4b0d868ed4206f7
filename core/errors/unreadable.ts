import { described, type Problem } from "./problem.ts";

/** Limits of the search, in values and levels: a caller's mistake is usually among the first of them. */
const most = { values: 100_000, levels: 500 };

/** Returns the problem of one value, without checking its content. */
type Check = (value: unknown) => string | null;

/**
 * Detects an object that cannot be read: a getter or a trap of a Proxy throws, or it cannot be converted to a string.
 */
export const isThrowing: Check = (value) => {
  if (value === null || typeof value !== "object") return null;
  try {
    Object.entries(value);
    return isWithoutText(value) ? "an object that cannot be converted to a string" : null;
  } catch {
    return "a value that throws when it is read";
  }
};

/** Also detects values that JSON cannot represent. */
export const isNoJson: Check = (value) =>
  typeof value === "symbol" || typeof value === "bigint" || typeof value === "function"
    ? `a ${typeof value}`
    : isThrowing(value);

function isWithoutText(value: object): boolean {
  if (Array.isArray(value)) return false;
  try {
    // oxlint-disable-next-line typescript/no-base-to-string -- whether it becomes one is the question
    String(value);
    return false;
  } catch {
    return true;
  }
}

/**
 * The first value inside `given` that fails `check`, is nested too deeply or is circular. Never throws. `field` names
 * `given`; if it is empty, an inner value is named by its own key.
 */
export function firstUnreadable(field: string, given: unknown, check: Check): Problem | null {
  const above = new Set<unknown>();
  let looked = 0;

  function look(at: string, value: unknown, outermost = at): Problem | null {
    if (++looked > most.values) return null;
    const found = check(value) ?? (above.has(value) ? "a circular reference" : null);
    if (found !== null) return { field: at, found: described(found), expected: "a JSON value" };
    if (value === null || typeof value !== "object") return null;
    if (above.size === most.levels)
      return {
        field: outermost,
        found: described("a deeper value"),
        expected: `a JSON value of at most ${most.levels} levels`,
      };
    above.add(value);
    for (const [key, inner] of Object.entries(value)) {
      const path = at === "" ? key : `${at}.${key}`;
      const problem = look(path, inner, outermost || key);
      if (problem) return problem;
    }
    above.delete(value);
    return null;
  }

  const problem = look(field, given);
  return problem && { ...problem, field: problem.field || "params" };
}

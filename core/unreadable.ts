import type { Problem } from "./problem.ts";

/** Values looked at, and levels: what went wrong is among the first of them. */
const most = { values: 100_000, levels: 500 };

/** What is wrong with one value, without a look inside. */
type Check = (value: unknown) => string | null;

/** An object that cannot be read: a getter or a Proxy's trap throws, or it has a `toString` that does. */
export const isThrowing: Check = (value) => {
  if (value === null || typeof value !== "object") return null;
  try {
    Object.entries(value);
    const { toString } = value as { toString?: () => unknown };
    if (typeof toString === "function" && !Array.isArray(value)) toString.call(value);
    return null;
  } catch {
    return "a value that throws when it is read";
  }
};

/** The same, and what JSON has no word for. */
export const isNoJson: Check = (value) =>
  typeof value === "symbol" || typeof value === "bigint" || typeof value === "function"
    ? `a ${typeof value}`
    : isThrowing(value);

/** The first value inside `given` with which something is wrong; null if there is none. Never throws. */
export function firstUnreadable(field: string, given: unknown, check: Check): Problem | null {
  const waiting: { at: string; value: unknown; level: number }[] = [{ at: field, value: given, level: 0 }];
  const seen = new Set<unknown>();
  for (let looked = 0; waiting.length > 0 && looked < most.values; looked++) {
    const { at, value, level } = waiting.pop()!;
    const found = check(value);
    if (found !== null) return { field: at, found, expected: "a JSON value" };
    if (value === null || typeof value !== "object" || seen.has(value) || level === most.levels) continue;
    seen.add(value);
    for (const [key, inner] of Object.entries(value))
      waiting.push({ at: `${at}.${key}`, value: inner, level: level + 1 });
  }
  return null;
}

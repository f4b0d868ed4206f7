import assert from "node:assert/strict";

/**
 * Deep and strict equality of JSON, whatever realm the objects come from: test runners give each file a realm of its
 * own, while a native driver keeps making arrays of the one that loaded it first.
 */
export const same = (found: unknown, expected: unknown, message?: string): void =>
  assert.deepEqual(here(found), here(expected), message);

function here(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value as unknown[], here);
  if (value === null || typeof value !== "object" || value instanceof Error) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, here(inner)]));
}

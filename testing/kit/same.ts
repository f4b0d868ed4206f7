import assert from "node:assert/strict";

/**
 * Deep strict equality of JSON, ignoring the realm of objects: test runners give each file its own realm, and a native
 * driver keeps using the realm that loaded it first.
 */
export const same = (found: unknown, expected: unknown, message?: string): void =>
  assert.deepEqual(here(found), here(expected), message);

function here(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value as unknown[], here);
  if (value === null || typeof value !== "object" || value instanceof Error) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, here(inner)]));
}

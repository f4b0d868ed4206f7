/**
 * The sort key of a JSON value at a path. Steps are own keys or an array's index, never through an array's elements.
 * The order is null (or absent), numbers, text; false and true are 0 and 1, an object or array is its JSON.
 */
export function sortValueAt(path: readonly string[], value: unknown): string | number | null {
  let found = value;
  for (const step of path)
    found =
      found !== null && typeof found === "object" && Object.hasOwn(found, step)
        ? (found as Record<string, unknown>)[step]
        : null;
  if (typeof found === "boolean") return Number(found);
  return found !== null && typeof found === "object" ? JSON.stringify(found) : (found as string | number | null);
}

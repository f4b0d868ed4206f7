import { described, type Problem } from "./problem.ts";
import { isPlain } from "./object-kind.ts";

/** A message shows this much of a long text, from shortly before the place where it differs. */
const shown = 60;
const before = 20;

/**
 * The places where two JSON values differ, with what each has there. Whole values beside each other would be cut at a
 * fixed length, perhaps before they differ.
 */
export function differences(field: string, found: unknown, expected: unknown): Problem[] {
  if (areNested(found, expected)) {
    const [was, is] = [found, expected] as Record<string, unknown>[];
    const keys = new Set([...Object.keys(was!), ...Object.keys(is!)]);
    return [...keys].flatMap((key) =>
      differences(field === "" ? key : `${field}.${key}`, own(was!, key), own(is!, key)),
    );
  }
  const [one, other] = [textOf(found), textOf(expected)];
  if (one === other) return [];
  const from = startOf(one, other);
  return [{ field, found: described(excerpt(one, from)), expected: excerpt(other, from) }];
}

const areNested = (one: unknown, other: unknown): boolean =>
  isObject(one) && isObject(other) && Array.isArray(one) === Array.isArray(other);

const isObject = (value: unknown): value is object =>
  value !== null && typeof value === "object" && (Array.isArray(value) || isPlain(value));

const own = (value: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(value, key) ? value[key] : undefined;

const textOf = (value: unknown): string => (value === undefined ? "none" : JSON.stringify(value));

/** Where the excerpts begin; 0 if both texts are short enough. */
function startOf(one: string, other: string): number {
  if (Math.max(one.length, other.length) <= shown) return 0;
  let same = 0;
  while (same < one.length && one[same] === other[same]) same++;
  return Math.max(0, same - before);
}

function excerpt(text: string, from: number): string {
  const part = text.slice(from, from + shown);
  return `${from > 0 ? "…" : ""}${part}${from + shown < text.length ? "…" : ""}`;
}

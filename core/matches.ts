import { isDeepStrictEqual } from "node:util";
import type { Comparison } from "./query.ts";
import { compareText } from "./text-order.ts";

/**
 * Whether a JSON value satisfies a comparison, as in MongoDB: a path goes through arrays element by element, an array
 * also matches by any of its elements, values of different types are never equal nor ordered, null is the same as absent.
 */
export function matches(comparison: Pick<Comparison, "path" | "operator" | "value">, value: unknown): boolean {
  const { operator, value: asked } = comparison;
  const found = valuesAt(value, comparison.path);
  if (operator === "$exists") return found.some(isThere) === asked;
  if (operator === "$in") return (asked as unknown[]).some((one) => isEqual(found, one));
  if (operator === "$eq") return isEqual(found, asked);
  const candidates = found.flatMap((one) => (Array.isArray(one) ? [one, ...(one as unknown[])] : [one]));
  if (operator === "$regex") {
    const { source, flags } = asked as { source: string; flags: string };
    const regex = new RegExp(source, flags);
    return candidates.some((one) => typeof one === "string" && regex.test(one));
  }
  return candidates.some((one) => isOrdered(operator, one, asked));
}

const isThere = (value: unknown) => value !== undefined && value !== null;

function isEqual(found: unknown[], asked: unknown): boolean {
  if (asked === null) return !found.some(isThere);
  return found.some(
    (one) =>
      isDeepStrictEqual(one, asked) || (Array.isArray(one) && one.some((element) => isDeepStrictEqual(element, asked))),
  );
}

function isOrdered(operator: string, found: unknown, asked: unknown): boolean {
  if (typeof found !== typeof asked || (typeof found !== "string" && typeof found !== "number")) return false;
  const order = typeof found === "string" ? compareText(found, asked as string) : found - (asked as number);
  return operator === "$gt"
    ? order > 0
    : operator === "$gte"
      ? order >= 0
      : operator === "$lt"
        ? order < 0
        : order <= 0;
}

function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  const [step, ...rest] = path;
  if (step === undefined) return [value];
  if (value === null || typeof value !== "object") return [];
  if (!Array.isArray(value))
    return Object.hasOwn(value, step) ? valuesAt((value as Record<string, unknown>)[step], rest) : [];
  const byIndex = /^\d+$/.test(step) ? valuesAt(value[Number(step)], rest) : [];
  return [...byIndex, ...value.flatMap((element) => (Array.isArray(element) ? [] : valuesAt(element, path)))];
}

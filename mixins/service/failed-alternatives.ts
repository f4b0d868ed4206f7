import { givenMessage, type Finding } from "../../core/catalogue/payload-problems.ts";

/** A rule that makes one of these makes no other finding about the value, so further ones are of its alternatives. */
const kinds = new Set([
  "string",
  "number",
  "boolean",
  "date",
  "object",
  "array",
  "tuple",
  "record",
  "enumValue",
  "objectID",
]);

/**
 * Joins the findings about one value that comes from several alternatives: Moleculer's validator lists them side by
 * side, as if the value had to satisfy all. If the value has the shape of one alternative, only the findings inside it
 * are kept.
 */
export function joinAlternatives<One extends Finding>(findings: readonly One[]): One[] {
  const joined = new Set<string | undefined>();
  return findings.flatMap((one) => {
    const same = findings.filter((other) => other.field === one.field && givenMessage(other) === undefined);
    if (same.length === 0 || !same.includes(one) || !same.some(({ type }) => kinds.has(type))) return [one];
    if (findings.some((other) => isInside(one.field, other))) return one.type === "objectStrict" ? [one] : [];
    if (same.length === 1) return [one];
    if (joined.has(one.field)) return [];
    joined.add(one.field);
    return [{ ...one, type: "multi", expected: same.map((other) => [other]), message: undefined }];
  });
}

/** A finding about the params as a whole has no field. */
const isInside = (field: string | undefined, { field: other = "", type }: Finding): boolean =>
  (other === (field ?? "") && type === "objectStrict") ||
  other.startsWith(`${field}.`) ||
  other.startsWith(`${field}[`);

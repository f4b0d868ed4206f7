import type { Comparison, Condition } from "../query/condition.ts";
import { fieldsOf, matchesCondition } from "../query/matches-condition.ts";
import { storedIdOf } from "../event/part-id.ts";
import type { Catalogue } from "./catalogue.ts";

/** The changing types whose events may be read as some that match. */
export function reachedTypes({ changing, readAs }: Catalogue, where: Condition | null): string[] {
  return [...changing].filter((type) =>
    [...readAs.get(type)!].some((read) => !where || mayMatch(where, read) !== false),
  );
}

/** Null: it depends on other fields than the type. */
function mayMatch(condition: Condition, type: string): boolean | null {
  if ("not" in condition) {
    const may = mayMatch(condition.not, type);
    return may === null ? null : !may;
  }
  if ("operator" in condition) return condition.field === "type" ? matchesCondition(condition, { type }) : null;
  const isAll = "and" in condition;
  const parts = (isAll ? condition.and : condition.or).map((part) => mayMatch(part, type));
  if (parts.includes(!isAll)) return !isAll;
  return parts.includes(null) ? null : isAll;
}

/**
 * A condition that each stored event meets which is read as one that matches, although its type and id may be others; null
 * if every stored event does.
 */
export function weaker(condition: Condition): Condition | null {
  if ("and" in condition) {
    const and = condition.and.map(weaker).filter((part) => part !== null);
    return and.length === 0 ? null : { and };
  }
  if ("or" in condition) {
    const or = condition.or.map(weaker);
    return or.includes(null) ? null : { or: or.filter((part) => part !== null) };
  }
  const fields = fieldsOf(condition);
  if (fields.has("type")) return null;
  if (!fields.has("id")) return condition;
  return "operator" in condition ? storedIds(condition) : null;
}

function storedIds(comparison: Comparison): Comparison | null {
  const { operator, value } = comparison;
  if (operator !== "$eq" && operator !== "$in") return null;
  const ids = operator === "$eq" ? [value] : (value as unknown[]);
  return { ...comparison, operator: "$in", value: ids.map((id) => (typeof id === "string" ? storedIdOf(id) : id)) };
}

/** A comparison of the stored type with a list. */
export const isOneOf = (types: readonly string[]): Comparison => ({
  field: "type",
  type: "string",
  path: [],
  operator: "$in",
  value: [...types],
});

import type { Comparison, Condition } from "../query/condition.ts";
import { matchesCondition } from "../query/matches-condition.ts";
import type { Catalogue } from "./catalogue.ts";

/**
 * The condition on stored events that matches those whose type, as it is read, matches the given one. Equal names become
 * a list of stored ones, so that an engine compares them as it compares a list.
 */
export function storedCondition({ readAs }: Pick<Catalogue, "readAs">, condition: Condition): Condition {
  if (readAs.size === 0) return condition;
  const stored = (part: Condition): Condition => {
    if ("and" in part) return { and: part.and.map(stored) };
    if ("or" in part) return { or: part.or.map(stored) };
    if ("not" in part) return { not: stored(part.not) };
    return part.field === "type" ? storedTypes(readAs, part) : part;
  };
  return stored(condition);
}

function storedTypes(readAs: Catalogue["readAs"], comparison: Comparison): Condition {
  const { operator, value } = comparison;
  const others = [...readAs.keys()];
  const isRead = (type: string) => matchesCondition(comparison, { type });
  const matching = others.filter((type) => [...readAs.get(type)!].some(isRead));
  if (operator === "$eq" || operator === "$in") {
    const names = operator === "$eq" ? [value] : (value as unknown[]);
    const same = names.filter((name) => typeof name !== "string" || !readAs.has(name));
    return { ...comparison, operator: "$in", value: [...same, ...matching] };
  }
  const among = (names: string[]): Condition => ({ ...comparison, operator: "$in", value: names });
  return { or: [among(matching), { and: [{ not: among(others) }, comparison] }] };
}

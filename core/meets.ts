import { matches } from "./matches.ts";
import type { Condition } from "./query.ts";

/** Whether a document, an event for one, meets a query's conditions, as the engines decide it. */
export function meets(condition: Condition, document: object): boolean {
  if ("and" in condition) return condition.and.every((part) => meets(part, document));
  if ("or" in condition) return condition.or.some((part) => meets(part, document));
  if ("not" in condition) return !meets(condition.not, document);
  return matches(condition, (document as Record<string, unknown>)[condition.field]);
}

/** The fields that a query asks about. */
export function fieldsOf(condition: Condition): Set<string> {
  if ("not" in condition) return fieldsOf(condition.not);
  if ("field" in condition) return new Set([condition.field]);
  const parts = "and" in condition ? condition.and : condition.or;
  return new Set(parts.flatMap((part) => [...fieldsOf(part)]));
}

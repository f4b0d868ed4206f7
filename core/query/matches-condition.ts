import { compileComparison } from "./matches-comparison.ts";
import type { Condition } from "./condition.ts";

type Test = (document: object) => boolean;

/** A condition is tested on many documents, so its compiled form is cached for as long as the condition lives. */
const compiled = new WeakMap<Condition, Test>();

/** Whether a document, for example an event, matches a query's conditions. Engines decide the same. */
export function matchesCondition(condition: Condition, document: object): boolean {
  let test = compiled.get(condition);
  if (!test) compiled.set(condition, (test = compile(condition)));
  return test(document);
}

function compile(condition: Condition): Test {
  if ("and" in condition) {
    const parts = condition.and.map(compile);
    return (document) => parts.every((part) => part(document));
  }
  if ("or" in condition) {
    const parts = condition.or.map(compile);
    return (document) => parts.some((part) => part(document));
  }
  if ("not" in condition) {
    const part = compile(condition.not);
    return (document) => !part(document);
  }
  const test = compileComparison(condition);
  return (document) => test((document as Record<string, unknown>)[condition.field]);
}

/** The fields that a query compares. */
export function fieldsOf(condition: Condition): Set<string> {
  if ("not" in condition) return fieldsOf(condition.not);
  if ("field" in condition) return new Set([condition.field]);
  const parts = "and" in condition ? condition.and : condition.or;
  return new Set(parts.flatMap((part) => [...fieldsOf(part)]));
}

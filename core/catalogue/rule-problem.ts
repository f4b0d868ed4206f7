import type { Problem } from "../errors/problem.ts";
import { isPlainObject } from "../options/options.ts";

type Rules = Readonly<Record<string, unknown>>;

/**
 * The first field whose rule `compile` rejects, at any depth of `props`; null if there is none. fastest-validator's own
 * error names no field.
 */
export function ruleProblem(at: string, rules: Rules, compile: (schema: Rules) => unknown): Problem | null {
  for (const [name, rule] of Object.entries(rules)) {
    if (name.startsWith("$$")) continue;
    try {
      compile({ [name]: rule });
    } catch (error) {
      const field = at === "" ? name : `${at}.${name}`;
      const inner = propsOf(rule);
      return (inner && ruleProblem(field, inner, compile)) ?? { field, found: shown(rule), expected: expected(error) };
    }
  }
  return null;
}

function propsOf(rule: unknown): Rules | null {
  if (!isPlainObject(rule)) return null;
  const { $$type, props, properties } = rule as Rules;
  const inner = typeof $$type === "string" ? rule : (properties ?? props);
  return isPlainObject(inner) ? (inner as Rules) : null;
}

const shown = (rule: unknown): unknown => (isPlainObject(rule) && (rule as Rules)["type"]) || rule;

/** `integer` is a type of a table's fields, and newcomers take it for a rule. */
const expected = (error: unknown) =>
  `a rule of fastest-validator, such as "string|optional", or "number|integer" for a whole number (${error instanceof Error ? error.message : String(error)})`;

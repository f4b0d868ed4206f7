import { ValidationError } from "../errors/errors.ts";

/** The entity's id in the params of a command; a number becomes a string. @throws ValidationError */
export function entityId(params: unknown): string {
  const { id } = (params ?? {}) as { id?: unknown };
  const text = textIdOf(id);
  if (text !== null) return text;
  throw new ValidationError([{ field: "id", found: id, expected: "the entity's id: a string that is not empty" }]);
}

/** A text, or a number that is taken for its text; null for any other value. */
export function textIdOf(found: unknown): string | null {
  if (typeof found === "string" && found !== "") return found;
  return Number.isFinite(found) || typeof found === "bigint" ? String(found) : null;
}

/** The entity that params name: its `id`, in an append its stream; "" if they name none. */
export function entityOfParams(params: unknown): string {
  const { id, stream } = (params ?? {}) as { id?: unknown; stream?: unknown };
  return textIdOf(id) ?? textIdOf(stream) ?? "";
}

/**
 * The params with the text of a number in `id`: the REPL and query strings turn digits into numbers, but an entity has one
 * id. Unchanged if the rules say that `id` is a number.
 * @throws ValidationError for a value that is no id if the rules would convert it: all objects would be one entity
 */
export function withTextId<Params extends object>(params: Params, rules: object = {}): Params {
  const { id } = params as { id?: unknown };
  if (id === undefined || id === null || typeof id === "string") return params;
  const rule = (rules as { id?: unknown }).id;
  const text = textIdOf(id);
  if (text === null) {
    if (hasRule(rule, isConversion)) entityId(params);
    return params;
  }
  return hasRule(rule, ({ type }) => /^(number|integer)\b/.test(type)) ? params : { ...params, id: text };
}

interface Rule {
  type: string;
  convert?: unknown;
}

const isConversion = ({ type, convert }: Rule): boolean =>
  /^string\b/.test(type) && (convert === true || /\bconvert\b/.test(type));

/** Whether the rule, or one of its alternatives, passes the test. */
function hasRule(rule: unknown, test: (rule: Rule) => boolean): boolean {
  if (Array.isArray(rule)) return rule.some((one) => hasRule(one, test));
  const { type = rule, rules, convert } = (rule ?? {}) as { type?: unknown; rules?: unknown; convert?: unknown };
  return type === "multi" ? hasRule(rules, test) : typeof type === "string" && test({ type, convert });
}

/**
 * The rule for an entity's id unless a command declares one. A number becomes a string, since the REPL turns digits
 * into numbers.
 */
export const idRule = {
  type: "custom",
  check: (value: unknown, errors: object[]) => {
    if (Number.isFinite(value) || typeof value === "bigint") return String(value);
    const type = value === undefined || value === null ? "required" : value === "" ? "stringEmpty" : "string";
    if (typeof value !== "string" || value === "") errors.push({ type, actual: value });
    return value;
  },
};

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
 */
export function withTextId<Params extends object>(params: Params, rules: object = {}): Params {
  const { id } = params as { id?: unknown };
  if (typeof id !== "number" && typeof id !== "bigint") return params;
  const text = isNumeric((rules as { id?: unknown }).id) ? null : textIdOf(id);
  return text === null ? params : { ...params, id: text };
}

function isNumeric(rule: unknown): boolean {
  if (Array.isArray(rule)) return rule.some(isNumeric);
  const { type = rule, rules } = (rule ?? {}) as { type?: unknown; rules?: unknown };
  return type === "multi" ? isNumeric(rules) : typeof type === "string" && /^number\b/.test(type);
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

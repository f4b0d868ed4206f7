import { DefinitionError } from "../errors/errors.ts";
import { ignoreOutcome, isThenable, isAsyncFunction } from "../concurrency/is-thenable.ts";

/**
 * A fastest-validator schema: rules keyed by field, an array of alternatives, or one rule for the whole payload with
 * `$$root: true`.
 */
export type PayloadSchema = Readonly<Record<string, unknown>> | readonly unknown[];

/** Expands Moleculer's shorthand `"string?"` into fastest-validator's `"string|optional"`. */
export const withOptional = (rule: string): string => rule.replace(/^(\w+(?:\[\])?)\?(?=\||$)/, "$1|optional");

/**
 * The schema as one rule, with every `?` expanded. It is a copy, since fastest-validator keeps and changes its rules.
 * @throws DefinitionError if a checker is asynchronous
 */
export function ruleOf(owner: string, schema: PayloadSchema): object {
  if (schema === null || typeof schema !== "object")
    throw new DefinitionError({ field: owner, found: schema, expected: "a fastest-validator schema" });
  const copies = new Copies(owner);
  if (Array.isArray(schema)) return copies.rule(schema) as object;
  const { $$root, $$strict, $$async, ...rest } = schema as Readonly<Record<string, unknown>>;
  if ($$async === true) throwAsyncChecker(`${owner}.$$async`, $$async);
  if ($$root === true) return copies.rule(rest) as object;
  return { type: "object", strict: $$strict, props: copies.rules(rest) };
}

/**
 * The schema of an action's params with every `?` expanded. Its checkers are kept, since params may be checked
 * asynchronously.
 */
export const paramsOf = (schema: object): Record<string, unknown> => new Copies(null).rules(schema);

/** Copies rules. A circular rule stays circular; fastest-validator can check it. */
class Copies {
  /** Null: checkers may be asynchronous. */
  readonly #owner: string | null;
  readonly #known = new Map<object, object>();

  constructor(owner: string | null) {
    this.#owner = owner;
  }

  rule(given: unknown): unknown {
    if (typeof given === "string") return withOptional(given);
    if (given === null || typeof given !== "object") return given;
    const known = this.#known.get(given);
    if (known) return known;
    const copy: object = Array.isArray(given) ? [] : {};
    this.#known.set(given, copy);
    return Object.assign(copy, Array.isArray(given) ? given.map((one) => this.rule(one)) : this.#parts(given));
  }

  rules(given: object): Record<string, unknown> {
    return Object.fromEntries(Object.entries(given).map(([name, rule]) => [name, this.rule(rule)]));
  }

  /**
   * Copies rules only under the keys where fastest-validator expects them: the values of other keys (`values`,
   * `default`) are the author's data.
   */
  #parts(given: object): Record<string, unknown> {
    if ("$$type" in given) return this.rules(given);
    return Object.fromEntries(Object.entries(given).map(([key, part]) => [key, this.#part(given, key, part)]));
  }

  #part(rule: object, key: string, part: unknown): unknown {
    const isObject = part !== null && typeof part === "object";
    switch (key) {
      case "props":
      case "properties":
        return isObject ? this.rules(part) : part;
      case "items":
      case "rules":
        return this.rule(part);
      case "key":
      case "value":
        return "type" in rule && rule.type === "record" ? this.rule(part) : part;
      case "custom":
      case "check":
        return Array.isArray(part) ? part.map((one) => this.#checker(key, one)) : this.#checker(key, part);
      case "default":
        return typeof part === "function" ? this.#checker(key, part) : part;
      default:
        return part;
    }
  }

  #checker(key: string, given: unknown): unknown {
    if (this.#owner === null) return given;
    const field = `${this.#owner}: ${key}`;
    if (typeof given !== "function") throw new DefinitionError({ field, found: given, expected: "a function" });
    if (isAsyncFunction(given)) throwAsyncChecker(field, given);
    return function (this: unknown, ...args: unknown[]): unknown {
      const answer: unknown = Reflect.apply(given, this, args);
      if (!isThenable(answer)) return answer;
      ignoreOutcome(answer);
      throw new TypeError(`${field} returned a promise, expected the value itself: an append does not wait for checks`);
    };
  }
}

function throwAsyncChecker(field: string, found: unknown): never {
  throw new DefinitionError({ field, found, expected: "a synchronous check: an append does not wait for checks" });
}

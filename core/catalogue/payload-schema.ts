import { DefinitionError } from "../errors/errors.ts";
import { isStandardSchema, keepsOthers, standardFields, type StandardSchema } from "./standard-schema.ts";
import { ignoreOutcome, isThenable, isAsyncFunction } from "../concurrency/is-thenable.ts";

/**
 * A fastest-validator schema: rules keyed by field, an array of alternatives, or one rule for the whole payload with
 * `$$root: true`; or a Standard Schema of another library.
 */
export type PayloadSchema = FastestSchema | StandardSchema;

type FastestSchema = Readonly<Record<string, unknown>> | readonly unknown[];

/** Expands Moleculer's shorthand `"string?"` into fastest-validator's `"string|optional"`. */
export const withOptional = (rule: string): string => rule.replace(/^(\w+(?:\[\])?)\?(?=\||$)/, "$1|optional");

/** Whether fields that an object's rule does not declare are refused, unless the schema says otherwise. */
export type Undeclared = "refuse" | "accept";

/**
 * The schema as one rule, with every `?` expanded. It is a copy, since fastest-validator keeps and changes its rules.
 * @throws DefinitionError if a checker is asynchronous
 */
export function ruleOf(owner: string, schema: FastestSchema, undeclared: Undeclared): object {
  if (schema === null || typeof schema !== "object")
    throw new DefinitionError({
      field: owner,
      found: schema,
      expected: "a fastest-validator schema, or a Standard Schema",
    });
  if (Array.isArray(schema)) return new Copies(owner, undeclared === "refuse").rule(schema) as object;
  const { $$root, $$strict, $$async, ...rest } = schema as Readonly<Record<string, unknown>>;
  const strict = $$strict ?? undeclared === "refuse";
  const copies = new Copies(owner, strict !== false && undeclared === "refuse");
  if ($$async === true) throwAsyncChecker(`${owner}.$$async`, $$async);
  if ($$root === true) return copies.rule(rest) as object;
  return { type: "object", strict, props: copies.rules(rest) };
}

/**
 * The schema of an action's params with every `?` expanded, which refuses undeclared params at any depth, unless it says
 * `$$strict: false`. Its checkers are kept, since params may be checked asynchronously.
 */
export function paramsOf(schema: object): Record<string, unknown> {
  const { $$root, $$strict = true, ...rules } = schema as Readonly<Record<string, unknown>>;
  const copies = new Copies(null, $$strict !== false);
  if ($$root === true) return { $$root, ...(copies.rule(rules) as Record<string, unknown>) };
  return { $$strict, ...copies.rules(rules) };
}

/**
 * The schema of the params that become a payload; null if a payload is not an object with declared fields. The check of
 * the payload follows, so two rules are left to it: a `date` is a text there and a Date in Moleculer's params, and a
 * checker of the author's may convert a value, which must happen once.
 */
export function paramsOfPayload(schema: PayloadSchema | undefined): Record<string, unknown> | null {
  if (schema === undefined || Array.isArray(schema) || isStandardSchema(schema)) return null;
  const { $$root, $$strict = true, ...rules } = schema as Readonly<Record<string, unknown>>;
  if ($$root === true) return null;
  const copies = new Copies(null, $$strict !== false, true);
  return { $$strict, ...copies.rules(rules) };
}

/** The names of the fields that a payload may have; null if it may have others. */
export function declaredNames(schema: PayloadSchema | undefined): readonly string[] | null {
  if (isStandardSchema(schema)) {
    const fields = standardFields(schema, "input");
    return fields && !keepsOthers(schema) ? Object.keys(fields) : null;
  }
  const { $$strict, ...rules } = paramsOfPayload(schema) ?? {};
  return $$strict === true ? Object.keys(rules) : null;
}

/** Copies rules. A circular rule stays circular; fastest-validator can check it. */
class Copies {
  /** Null: checkers may be asynchronous. */
  readonly #owner: string | null;
  readonly #isStrict: boolean;
  readonly #isCheckedAgain: boolean;
  readonly #known = new Map<object, object>();

  /** `isStrict`: an object with declared fields refuses others unless its rule has a `strict`. */
  constructor(owner: string | null, isStrict: boolean, isCheckedAgain = false) {
    this.#owner = owner;
    this.#isStrict = isStrict;
    this.#isCheckedAgain = isCheckedAgain;
  }

  rule(given: unknown): unknown {
    if (typeof given === "string") return withOptional(this.#type(given));
    if (given === null || typeof given !== "object") return given;
    const known = this.#known.get(given);
    if (known) return known;
    if (this.#owner !== null && isStandardSchema(given)) throwOtherLibrary(this.#owner, given);
    const copy: object = Array.isArray(given) ? [] : {};
    this.#known.set(given, copy);
    return Object.assign(copy, Array.isArray(given) ? given.map((one) => this.rule(one)) : this.#parts(given));
  }

  #type(given: string): string {
    return this.#isCheckedAgain ? given.replace(/^(date|custom)\b/, "any") : given;
  }

  rules(given: object): Record<string, unknown> {
    return Object.fromEntries(Object.entries(given).map(([name, rule]) => [name, this.rule(rule)]));
  }

  /**
   * Copies rules only under the keys where fastest-validator expects them: the values of other keys (`values`,
   * `default`) are the author's data.
   */
  #parts(given: object): Record<string, unknown> {
    if ("$$type" in given) return this.#shorthand(given);
    const kept = Object.entries(given).filter(
      ([key]) => !this.#isCheckedAgain || (key !== "custom" && key !== "check"),
    );
    const parts = kept.map(([key, part]) => [key, this.#part(given, key, part)] as const);
    return { ...this.#strictness(given), ...Object.fromEntries(parts) };
  }

  /** The `strict` of a rule for an object. fastest-validator ignores a `$$strict` inside of `props`. */
  #strictness(rule: object): { strict?: unknown } {
    const { props, properties } = rule as { props?: unknown; properties?: unknown };
    const { $$strict } = (properties ?? props ?? {}) as { $$strict?: unknown };
    if ($$strict !== undefined) return { strict: $$strict };
    return this.#isStrict && (properties ?? props) !== undefined ? { strict: true } : {};
  }

  /** `{ $$type: "object|optional", <field>: <rule> }`: its flags are part of a text. */
  #shorthand(given: object): Record<string, unknown> {
    const { $$type, $$strict, ...fields } = given as Readonly<Record<string, unknown>>;
    const strict = $$strict ?? (this.#isStrict ? true : undefined);
    const props = this.rules(fields);
    if (typeof $$type !== "string" || strict === undefined || /\|\s*(no-)?strict\b/.test($$type))
      return { $$type: this.rule($$type), ...props };
    const flag = strict === false ? "no-strict" : strict === "remove" ? "strict:remove" : "strict";
    return { $$type: `${withOptional($$type)}|${flag}`, ...props };
  }

  #part(rule: object, key: string, part: unknown): unknown {
    const isObject = part !== null && typeof part === "object";
    switch (key) {
      case "type":
        return typeof part === "string" ? this.#type(part) : part;
      case "props":
      case "properties":
        return isObject ? this.#props(part) : part;
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

  /** Without `$$strict`, which `#strictness` has read. */
  #props(given: object): object {
    return this.rules(Object.fromEntries(Object.entries(given).filter(([name]) => name !== "$$strict")));
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

/** fastest-validator would read the members of such a rule as its own, and ignore most. */
export function throwOtherLibrary(field: string, found: unknown): never {
  const expected = "a rule of fastest-validator, or a Standard Schema of the whole, such as z.object({ … })";
  throw new DefinitionError({ field, found, expected });
}

function throwAsyncChecker(field: string, found: unknown): never {
  throw new DefinitionError({ field, found, expected: "a synchronous check: an append does not wait for checks" });
}

import { types } from "node:util";
import { isThenable } from "../concurrency/is-thenable.ts";
import { isPlain } from "../errors/object-kind.ts";
import { safeText, type Problem } from "../errors/problem.ts";

/** A value with more characters than allowed; counting stopped at `atLeast`. */
export interface Oversize extends Problem {
  atLeast: number;
}

/** Ends the walk at a value that JSON would lose. */
class Lost extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.expected);
    this.problem = problem;
  }
}

/**
 * Copies any value as `JSON.parse(JSON.stringify(input))` would. A value that JSON would lose silently is a problem
 * with its path. Takes time in proportion to `maxCharacters` at most, even if an object is reachable by many paths.
 */
export function jsonCopy(
  field: string,
  input: unknown,
  limits: { levels: number; characters: number },
): { value: unknown } | Problem | Oversize {
  return new Walk(field, limits).run(input);
}

class Walk {
  readonly #field: string;
  readonly #limits: { levels: number; characters: number };
  /** The path of the walk. Kept when something throws, so that the problem has its place. */
  readonly #path: string[] = [];
  readonly #above = new Set<object>();
  #current: unknown;
  #characters = 0;

  constructor(field: string, limits: { levels: number; characters: number }) {
    this.#field = field;
    this.#limits = limits;
  }

  run(input: unknown): { value: unknown } | Problem {
    try {
      const value = this.#copy(input, "");
      return value === undefined ? { field: this.#field, found: input, expected: "a JSON value" } : { value };
    } catch (error) {
      if (error instanceof Lost) return error.problem;
      // A getter, a toJSON or a Proxy threw.
      const field = [this.#field, ...this.#path].join(".");
      return { field, found: this.#current, expected: `a JSON value (reading it throws ${safeText(error)})` };
    }
  }

  #refuse(found: unknown, expected: string): never {
    throw new Lost({ field: [this.#field, ...this.#path].join("."), found, expected });
  }

  #spend(characters: number, found: unknown): void {
    this.#characters += characters;
    if (this.#characters <= this.#limits.characters) return;
    const expected = `a JSON value of at most ${this.#limits.characters} characters`;
    const problem: Oversize = { field: this.#field, found, expected, atLeast: this.#characters };
    throw new Lost(problem);
  }

  #copy(value: unknown, key: string): unknown {
    this.#current = value;
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "number":
        this.#spend(1, value);
        // JSON has no -0.
        return Number.isFinite(value) ? value || 0 : this.#refuse(value, "a finite number");
      case "bigint":
        // Some programs add a toJSON to BigInt.
        if ("toJSON" in BigInt.prototype) return this.#copy(callToJson(value, key), key);
        return this.#refuse(value, "a JSON value (write it as a string)");
      case "function":
      case "symbol":
        return this.#refuse(value, "a JSON value");
      case "object":
        this.#spend(1, value);
        return value === null ? null : this.#object(value, key);
      default:
        this.#spend(1, value);
        return value;
    }
  }

  #text(text: string, isKey = false): string {
    this.#spend(text.length + 1, text);
    if (!text.isWellFormed()) this.#refuse(text, `${isKey ? "a key" : "text"} that is well-formed Unicode`);
    return text;
  }

  #object(value: object, key: string): unknown {
    if (this.#above.has(value)) this.#refuse(value, "a JSON value without a circular reference");
    if (types.isDate(value) && Number.isNaN(Date.prototype.getTime.call(value))) this.#refuse(value, "a valid date");
    this.#above.add(value);
    const copy = hasToJson(value) ? this.#ownForm(value, key) : this.#content(value);
    this.#above.delete(value);
    return copy;
  }

  /** The result of its toJSON; like JSON.stringify, does not call toJSON of the result. */
  #ownForm(value: object, key: string): unknown {
    const form = callToJson(value, key);
    if (form === value) return Array.isArray(form) ? this.#items(form) : this.#fields(value);
    if (form === null || typeof form !== "object") return this.#copy(form, key);
    if (this.#above.has(form)) this.#refuse(form, "a JSON value without a circular reference");
    this.#above.add(form);
    const copy = this.#content(form);
    this.#above.delete(form);
    return copy;
  }

  #content(value: object): unknown {
    if (this.#path.length >= this.#limits.levels) {
      const expected = `a JSON value of at most ${this.#limits.levels} levels`;
      throw new Lost({ field: this.#field, found: value, expected });
    }
    if (Array.isArray(value)) return this.#items(value);
    return isPlain(value) ? this.#fields(value) : this.#refuse(value, expectedFor(value));
  }

  #items(values: readonly unknown[]): unknown[] {
    const copy: unknown[] = [];
    for (let index = 0; index < values.length; index++) {
      this.#path.push(String(index));
      copy.push(this.#copy(values[index], String(index)) ?? null);
      this.#path.pop();
    }
    return copy;
  }

  #fields(value: object): object {
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      this.#path.push(key);
      this.#current = value;
      const given = (value as Record<string, unknown>)[key];
      if (given !== undefined) this.#text(key, true);
      const inner = given === undefined ? undefined : this.#copy(given, key);
      this.#path.pop();
      if (inner === undefined) continue;
      // An assignment to this name would change the copy's prototype.
      if (key === "__proto__")
        Object.defineProperty(copy, key, { value: inner, enumerable: true, configurable: true, writable: true });
      else copy[key] = inner;
    }
    return copy;
  }
}

const hasToJson = (value: object): boolean => typeof (value as { toJSON?: unknown }).toJSON === "function";
const callToJson = (value: unknown, key: string): unknown =>
  (value as { toJSON: (key: string) => unknown }).toJSON(key);

function expectedFor(value: object): string {
  if (types.isPromise(value) || isThenable(value)) return "a JSON value (was it awaited?)";
  if (types.isMap(value) || types.isSet(value)) return "a JSON value (an object or an array)";
  if (types.isNativeError(value)) return "a JSON value (of an error, its name and message)";
  if (types.isBoxedPrimitive(value)) return "a JSON value (the value without its box)";
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value))
    return "a JSON value (an array of numbers, or a text in base64)";
  if (types.isRegExp(value)) return "a JSON value (its source, as a text)";
  if (typeof (value as { next?: unknown }).next === "function") return "a JSON value (an array of what it yields)";
  return "plain JSON (give the class a toJSON)";
}

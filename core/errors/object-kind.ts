import { types } from "node:util";

const maxNameCharacters = 60;

/**
 * True for an object literal, also one without a prototype or from another realm (`vm`, jest): it has only its own
 * fields.
 * @throws whatever a Proxy throws
 */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  // An own `isPrototypeOf` distinguishes another realm's `Object.prototype` from a class that extends null.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "isPrototypeOf");
}

/** Describes an object for a message: "a Promise", "an instance of Money", "an object". Never throws. */
export function kindOf(value: object): string {
  try {
    if (types.isProxy(value)) return "a Proxy";
    if (isPlain(value)) return "an object";
    const { constructor } = value as { constructor: unknown };
    const name: unknown = typeof constructor === "function" ? constructor.name : undefined;
    if (typeof name !== "string" || name === "" || name === "Object")
      return types.isGeneratorObject(value) ? "a generator" : "an object with a prototype";
    const isBuiltIn = (globalThis as Record<string, unknown>)[name] === constructor;
    if (isBuiltIn) return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
    return `an instance of ${name.slice(0, maxNameCharacters).toWellFormed()}`;
  } catch {
    return "an object that cannot be read";
  }
}

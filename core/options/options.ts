import { DefinitionError } from "../errors/errors.ts";
import { didYouMean } from "./near-name.ts";
import { isAsyncFunction } from "../concurrency/is-thenable.ts";

/**
 * Rejects unknown options: a misspelt one would silently leave its default in force.
 * @throws DefinitionError naming the option and the known ones
 */
export function assertKnownOptions(owner: string, given: object, known: readonly string[]): void {
  assertOptions(owner, given, `an object of options: ${known.join(", ")}`);
  for (const option of Object.keys(given))
    if (!known.includes(option))
      throw new DefinitionError({
        field: `${owner}.${option}`,
        found: option,
        expected: `one of the options ${known.join(", ")}${didYouMean(option, known)}`,
      });
}

/** @throws DefinitionError */
export function assertOptions(owner: string, given: unknown, expected: string): void {
  assertDefinition(isPlainObject(given), owner, given, expected);
}

/** @throws DefinitionError unless `given` is undefined or a whole number from `least` */
export function assertWholeNumber(field: string, given: unknown, least = 1): void {
  const isFine = given === undefined || (Number.isSafeInteger(given) && (given as number) >= least);
  assertDefinition(isFine, field, given, `a whole number from ${least}`);
}

/** Parses a whole number of a connection string; returns any other text as it is, so that the check can name it. */
export const numberIn = (text: string): number | string => (/^\d+$/.test(text) ? Number(text) : text);

/** Checks the folder of a host's own files. @throws DefinitionError */
export function assertFolder(folder: unknown): void {
  assertDefinition(typeof folder === "string" && folder !== "", "adapter.folder", folder, "the path of a folder");
}

/** @throws DefinitionError */
export function assertDefinition(isFine: boolean, field: string, found: unknown, expected: string): void {
  if (!isFine) throw new DefinitionError({ field, found, expected });
}

/** @throws DefinitionError if `given` is not a function or is an async function */
export function synchronous(field: string, given: unknown): (...args: never[]) => unknown {
  assertDefinition(typeof given === "function" && !isAsyncFunction(given), field, given, "a synchronous function");
  return given as (...args: never[]) => unknown;
}

/** An object literal of any realm, as opposed to an instance of a class, such as the schema of another validator. */
export function isLiteral(given: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(given);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Compares the tag: true for an object of another realm, false for an array, a Map or a Date. */
export const isPlainObject = (given: unknown): boolean => Object.prototype.toString.call(given) === "[object Object]";

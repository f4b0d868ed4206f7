import { didYouMean } from "../options/near-name.ts";
import type { Problem } from "../errors/problem.ts";
import { payloadValidator } from "./payload-validator.ts";

/** A finding of fastest-validator. For a union, `expected` contains the findings of each alternative. */
export interface Finding {
  type: string;
  /** Missing in a finding about the whole value. */
  field?: string;
  expected?: unknown;
  actual?: unknown;
  message?: string;
  label?: string;
}

/** Translates fastest-validator's findings about `payload` into problems at `<at>.payload…`. */
export function payloadProblems(at: string, payload: unknown, findings: readonly Finding[]): Problem[] {
  return findings.flatMap((finding) => problemsOf(at, { payload }, finding));
}

/** Translates findings about the values of `root` into problems at `<at>.…`. */
export function problemsOf(at: string, root: unknown, finding: Finding): Problem[] {
  const path = pathOf(finding.field);
  const found = valueAt(root, path) ?? finding.actual;
  const field = [at, ...path].filter((part) => part !== "").join(".");
  if (finding.type === "multi") {
    const alternatives = finding.expected as Finding[][];
    // If the value has the shape of one alternative, only the problems inside it help the caller.
    const [nearest] = alternatives
      .filter((findings) => findings.every((one) => one.field !== finding.field || one.type === "objectStrict"))
      .toSorted((a, b) => misses(a) - misses(b) || a.length - b.length);
    if (nearest) return nearest.flatMap((one) => problemsOf(at, root, one));
  }
  if (finding.type === "objectStrict" && found !== null && typeof found === "object") {
    const known = String(finding.expected).split(", ");
    return Object.entries(found)
      .filter(([name]) => !known.includes(name))
      .map(([name, value]) => ({
        field: `${field}.${name}`,
        found: value,
        expected: `no field but ${known.join(", ")}${didYouMean(name, known)}`,
      }));
  }
  const key = path.at(-1);
  if (finding.type?.startsWith("string") && finding.actual === key && found !== key)
    return [{ field, found: key, expected: `${inWords(finding)} as the key` }];
  return [{ field, found, expected: inWords(finding) }];
}

/**
 * The message that an author's rule gives a finding; undefined if it is one of fastest-validator's own, which are less
 * precise than ours.
 */
export function givenMessage({ type, field, label, expected, actual, message }: Finding): string | undefined {
  const template = (payloadValidator.messages as Readonly<Record<string, string | null | undefined>>)[type];
  const texts = { field: label ?? field, expected, actual } as Readonly<Record<string, unknown>>;
  const filled = (one = "") =>
    one.replaceAll(/\{(field|expected|actual)\}/g, (_, name: string) => [texts[name]].join());
  // fastest-validator's template for the keys of a record.
  const ofKey = template?.replace(" field ", " key ");
  return message === filled(template ?? undefined) || message === filled(ofKey) ? undefined : message;
}

/** Counts literal values that differ: an alternative with many of them was probably not meant. */
const misses = (findings: readonly Finding[]) =>
  findings.filter(({ type }) => ["equalValue", "enumValue", "stringEnum"].includes(type)).length;

/** Splits a path as fastest-validator writes it: `payload.tags[1]`, `payload['two words']`. */
export const pathOf = (field = ""): string[] =>
  [...field.matchAll(/\['(.*?)'\]|\[(\d+)\]|([^.[\]]+)/g)].map(([, quoted, index, name]) => quoted ?? index ?? name!);

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const part of path) {
    if (value === null || typeof value !== "object") return undefined;
    value = Object.hasOwn(value, part) ? (value as Record<string, unknown>)[part] : undefined;
  }
  return value;
}

const counted = (count: unknown, one: string) => `${String(count)} ${one}${count === 1 ? "" : "s"}`;

const words: Record<string, string | ((expected: unknown) => string)> = {
  required: "a value: the field is required",
  string: "a string",
  stringEmpty: "a string that is not empty",
  stringMin: (n) => `a string of at least ${counted(n, "character")}`,
  stringMax: (n) => `a string of at most ${counted(n, "character")}`,
  stringLength: (n) => `a string of ${counted(n, "character")}`,
  stringPattern: (pattern) => `a string that matches ${String(pattern)}`,
  stringContains: (part) => `a string that contains "${String(part)}"`,
  stringEnum: (values) => `one of ${String(values)}`,
  stringNumeric: "a string that is a number",
  stringAlpha: "a string of letters",
  stringAlphanum: "a string of letters and digits",
  stringAlphadash: "a string of letters, digits, _ and -",
  stringHex: "a string of hexadecimal digits",
  stringSingleLine: "a string of one line",
  stringBase64: "a string in base64",
  number: "a finite number",
  numberMin: (n) => `a number of at least ${String(n)}`,
  numberMax: (n) => `a number of at most ${String(n)}`,
  numberEqual: (n) => `the number ${String(n)}`,
  numberNotEqual: (n) => `a number other than ${String(n)}`,
  numberInteger: "a whole number",
  numberPositive: "a number above 0",
  numberNegative: "a number below 0",
  array: "an array",
  arrayEmpty: "an array that is not empty",
  arrayMin: (n) => `an array of at least ${counted(n, "item")}`,
  arrayMax: (n) => `an array of at most ${counted(n, "item")}`,
  arrayLength: (n) => `an array of ${counted(n, "item")}`,
  arrayContains: (item) => `an array that contains ${JSON.stringify(item)}`,
  arrayUnique: (twice) => `an array without the same item twice (${JSON.stringify(twice)})`,
  arrayEnum: (values) => `an array of nothing but ${String(values)}`,
  tuple: "an array",
  tupleEmpty: "an array that is not empty",
  tupleLength: (n) => `an array of ${counted(n, "item")}`,
  boolean: "true or false",
  currency: "an amount of money",
  date: "an ISO 8601 string",
  enumValue: (values) => `one of ${String(values)}`,
  equalValue: (value) => JSON.stringify(value),
  equalField: (field) => `the same as in the field ${String(field)}`,
  forbidden: "no such field",
  email: "an e-mail address",
  emailEmpty: "an e-mail address",
  emailMin: (n) => `an e-mail address of at least ${counted(n, "character")}`,
  emailMax: (n) => `an e-mail address of at most ${counted(n, "character")}`,
  luhn: "a number with a valid checksum (Luhn)",
  mac: "a MAC address",
  object: "an object",
  objectStrict: (known) => `an object of no fields but ${String(known)}`,
  objectMinProps: (n) => `an object of at least ${counted(n, "field")}`,
  objectMaxProps: (n) => `an object of at most ${counted(n, "field")}`,
  record: "an object",
  url: "a URL",
  urlEmpty: "a URL",
  uuid: "a UUID",
  uuidVersion: (n) => `a UUID of version ${String(n)}`,
  objectID: "an ObjectID",
};

/** A custom checker's finding has its own message. */
function inWords({ type, expected, message }: Finding): string {
  if (type === "multi") return [...new Set((expected as Finding[][]).flat().map(inWords))].join(" or ");
  const known = Object.hasOwn(words, type ?? "") ? words[type] : undefined;
  if (known !== undefined) return typeof known === "string" ? known : known(expected);
  return `a value that its schema accepts (${message ?? type})`;
}

import { isDate, isRegExp } from "node:util/types";
import { canonicalJson } from "../json/canonical-json.ts";
import { InvalidQueryError } from "../errors/errors.ts";
import { isoDate, typeInWords, type FieldType } from "../rows/fields.ts";
import { isProblem, toJson } from "../json/json.ts";
import type { QueryBudget } from "./query-bounds.ts";
import { refuse } from "./query-refusal.ts";
import { compileRegex, maxPatternCharacters, type Regex } from "./regex.ts";

/** The operators of a field's comparison. */
export const leafOperators = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$regex", "$not"];

/**
 * Whether a value can be an object of conditions or operators. An instance of a class, such as a Map, may have content
 * that no key shows.
 */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Compares the end of the prototype chain, since another realm has another Object.prototype.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Longer texts are never parsed as numbers or dates. */
const maxScalarCharacters = 400;
const isShort = (asked: unknown): asked is string => typeof asked === "string" && asked.length <= maxScalarCharacters;

/**
 * Converts a value to the field's type if that loses nothing, since a URL or a prompt has only text: "5" for a number,
 * 42 for a string.
 */
export function parseValue(type: FieldType, asked: unknown, at: string, budget: QueryBudget): unknown {
  const value = asked === null ? null : convert(type, asked, at, budget);
  if (value === undefined)
    refuse(at, asked, `${typeInWords(type)}, null or an object of operators (${leafOperators.join(", ")})`);
  budget.value(at, value);
  return value;
}

/** undefined if the value does not fit the type. */
function convert(type: FieldType, asked: unknown, at: string, budget: QueryBudget): unknown {
  switch (type) {
    case "string":
      if (typeof asked === "string") return asked;
      return ["number", "bigint", "boolean"].includes(typeof asked) ? String(asked) : undefined;
    case "integer":
    case "number":
      return finite(isShort(asked) && asked.trim() !== "" ? Number(asked) : asked);
    case "boolean":
      if (typeof asked === "boolean") return asked;
      return asked === "true" || asked === "false" ? asked === "true" : undefined;
    case "date":
      return isShort(asked) || isDate(asked) ? isoDate(asked) : undefined;
    case "object":
    case "array":
      return jsonValue(asked, at, budget);
  }
}

const finite = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : undefined);

function jsonValue(asked: unknown, at: string, budget: QueryBudget): unknown {
  if (typeof asked === "string" || typeof asked === "boolean") return asked;
  if (isDate(asked)) return Number.isNaN(asked.getTime()) ? undefined : asked.toISOString();
  const json = toJson(at, asked);
  if (isProblem(json)) return undefined;
  if (json.value !== null && typeof json.value === "object") budget.characters(at, json.text.length);
  return json.value;
}

/** Removes duplicates from a list and keeps its order. */
export function distinct(values: readonly unknown[]): unknown[] {
  const byKey = new Map<unknown, unknown>();
  for (const value of values) {
    // The prefix distinguishes an object's key from the keys of all other values.
    const key = value !== null && typeof value === "object" ? `{}${canonicalJson(value)}` : textKey(value);
    if (!byKey.has(key)) byKey.set(key, value);
  }
  return [...byKey.values()];
}

const textKey = (value: unknown) => (typeof value === "string" ? `"${value}` : value);

export function parseRegex(type: FieldType, asked: unknown, options: unknown, at: string, budget: QueryBudget): Regex {
  if (type !== "string" && type !== "object" && type !== "array")
    refuse(at, asked, `no $regex on ${typeInWords(type)}`);
  if (options !== undefined && typeof options !== "string") refuse(at, options, "$options: a string of flags, like i");
  const source: unknown = isRegExp(asked) ? asked.source : asked;
  if (typeof source !== "string") return refuse(at, asked, "a regular expression as a string");
  if (source.length > maxPatternCharacters)
    refuse(at, source, `a regular expression of at most ${maxPatternCharacters} characters`);
  const flags = isRegExp(asked) ? asked.flags : (options ?? "");
  if (flags.length > 10) refuse(at, flags, "flags among i, m, s and u");
  budget.pattern(at);
  try {
    // g and y would make a test depend on the test before it; d only adds output.
    const regex = new RegExp(source, flags.replaceAll(/[gyd]/g, ""));
    if (regex.flags.includes("v")) return refuse(at, flags, "flags among i, m, s and u");
    const parsed = { source: regex.source, flags: regex.flags };
    compileRegex(parsed);
    return parsed;
  } catch (error) {
    if (error instanceof InvalidQueryError) throw error;
    return refuse(at, source, `a regular expression (${messageOf(error)})`);
  }
}

const messageOf = (error: unknown) => {
  const text = error instanceof Error ? error.message : String(error);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
};

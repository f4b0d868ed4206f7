import { described } from "../errors/problem.ts";
import { typeInWords, type FieldType } from "../rows/fields.ts";
import { queryBounds } from "./query-bounds.ts";
import { refuse } from "./query-refusal.ts";

/** Field name → type: the fields of a table that queries can use, including `id`. */
export type QueryFields = ReadonlyMap<string, { type: FieldType }>;

export interface Path {
  field: string;
  type: FieldType;
  path: string[];
}

/** Parses a field's name, or a path into a field. @throws InvalidQueryError */
export function parsePath(fields: QueryFields, name: string, at: string): Path {
  const { nameCharacters, steps } = queryBounds;
  if (name.length > nameCharacters) refuse(at, name, `a name or path of at most ${nameCharacters} characters`);
  const [field = "", ...path] = name.split(".");
  const declared = fields.get(field);
  if (!declared) return refuse(at, name, `one of the fields ${[...fields.keys()].join(", ")}`);
  if (path.length > 0 && declared.type !== "object" && declared.type !== "array")
    return refuse(at, name, `no path: the field ${field} is ${typeInWords(declared.type)}`);
  if (path.length > steps) refuse(at, name, `a path of at most ${steps} steps`);
  // oxlint-disable-next-line no-control-regex -- a text of SQLite ends at a NUL
  if (path.some((step) => step === "" || /["\u0000]/.test(step)))
    return refuse(at, name, "a path of non-empty steps without quotes");
  return { field, type: declared.type, path };
}

/** Parses names from an array, or from a text in which commas or spaces separate them. @throws InvalidQueryError */
export function parseNames(field: string, given: unknown, most: number, expected: string): unknown[] {
  if (typeof given === "string") {
    if (given.length > most * (queryBounds.nameCharacters + 1)) refuse(field, given, `at most ${most} names`);
    return parseNames(field, given.split(/[,\s]+/), most, expected);
  }
  if (!Array.isArray(given)) return refuse(field, given, expected);
  if (given.length > most) refuse(field, described(`${given.length} names`), `at most ${most} names`);
  return given as unknown[];
}

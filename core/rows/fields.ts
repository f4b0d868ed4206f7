import type { Flat } from "../options/flat.ts";
import { textIdOf } from "../event/params-id.ts";
import { DefinitionError, InvalidRowError } from "../errors/errors.ts";
import type { Problem } from "../errors/problem.ts";
import { isProblem, toJson } from "../json/json.ts";
import { didYouMean } from "../options/near-name.ts";
import { isPlainObject, assertKnownOptions } from "../options/options.ts";
import { isPlainText } from "../text/plain-text.ts";

/** The type of a declared field. */
export type FieldType = "string" | "integer" | "number" | "boolean" | "date" | "object" | "array";

export interface FieldOptions {
  type: FieldType;
  /** Queries and sorts by this field use an index. */
  index?: boolean;
  /** No two rows have the same value; rows without a value are exempt. */
  unique?: boolean;
  /** Every row has a value. */
  required?: boolean;
}

export type FieldsInput = Readonly<Record<string, FieldType | FieldOptions>>;

type ValueOf<Type> = Type extends "string" | "date"
  ? string
  : Type extends "integer" | "number"
    ? number
    : Type extends "boolean"
      ? boolean
      : Type extends "array"
        ? unknown[]
        : Type extends "object"
          ? Record<string, unknown>
          : never;

type TypeOf<Field> = Field extends { type: infer Type } ? Type : Field;

/** An aggregate with these fields. `mixin` distinguishes it from an object of fields with the same names. */
interface WithFields {
  readonly fields: FieldsInput;
  mixin(): unknown;
}

/**
 * A row as queries return it: every declared field is present, null if it has no value. Dates are ISO strings.
 *
 * @example type Villa = RowOf<typeof villas>; // an aggregate, or the fields it was declared with
 */
export type RowOf<Source extends FieldsInput | WithFields> = Source extends WithFields
  ? Flat<RowOfFields<Source["fields"]>>
  : Source extends FieldsInput
    ? Flat<RowOfFields<Source>>
    : never;

type RowOfFields<Fields extends FieldsInput> = { id: string } & {
  -readonly [Name in keyof Fields]: Fields[Name] extends { required: true }
    ? ValueOf<TypeOf<Fields[Name]>>
    : ValueOf<TypeOf<Fields[Name]>> | null;
};

type InputOf<Type> = Type extends "date" ? string | Date : Type extends "object" ? object : ValueOf<Type>;

/** A row as a transform returns it: the fields to set. Without an `id` it gets one from the event. */
export type RowInput<Fields extends FieldsInput> = {
  id?: string | null | undefined;
} & {
  [Name in keyof Fields]?: InputOf<TypeOf<Fields[Name]>> | null | undefined;
};

/** An untyped row, as engines and the fold handle it. */
export type Row = { id: string } & Record<string, unknown>;

export interface Field {
  name: string;
  type: FieldType;
  index: boolean;
  unique: boolean;
  required: boolean;
}

/** The declared fields of a table, checked. Excludes `id`, which is every row's key. */
export type Fields = ReadonlyMap<string, Field>;

export const sameFields = (a: Fields, b: Fields): boolean => fieldsToText(a) === fieldsToText(b);

export const fieldsOf = (fields: readonly Field[]): Fields => new Map(fields.map((field) => [field.name, field]));
export const fieldsToText = (fields: Fields) => JSON.stringify([...fields.values()]);
export const fieldsFromText = (text: string): Fields => fieldsOf(JSON.parse(text) as Field[]);

const types: readonly string[] = ["string", "integer", "number", "boolean", "date", "object", "array"];
const maxIdCharacters = 255;
const maxProblems = 100;

/** @throws DefinitionError naming the field. */
export function parseFields(owner: string, input: FieldsInput): Fields {
  const refuse = (field: string, found: unknown, expected: string) => {
    throw new DefinitionError({ field: `${owner}.${field}`, found, expected });
  };
  if (input === null || typeof input !== "object" || Object.keys(input).length === 0)
    refuse("fields", input, 'an object with at least one field, like {name: "string"}');
  const fields = new Map<string, Field>();
  for (const [name, given] of Object.entries(input)) {
    const options = typeof given === "string" ? { type: given } : given;
    if (isPlainObject(options))
      assertKnownOptions(`${owner}.fields.${name}`, options, ["type", "index", "unique", "required"]);
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name) || ["id", "_id", "__proto__"].includes(name))
      refuse(`fields.${name}`, name, 'a name of 1 to 63 letters, digits and _ other than "id", which every row has');
    if (!types.includes(options?.type)) refuse(`fields.${name}`, options?.type, `one of ${types.join(", ")}`);
    // SQL ignores the case of names: two such fields would be one column.
    for (const other of fields.keys())
      if (other.toLowerCase() === name.toLowerCase())
        refuse(`fields.${name}`, name, `a name that differs from "${other}" by more than case`);
    const { type, index = false, unique = false, required = false } = options;
    if ((index || unique) && (type === "object" || type === "array"))
      refuse(`fields.${name}`, type, "no index on an object or array");
    fields.set(name, { name, type, index, unique, required });
  }
  return fields;
}

/** The row's key; null if none is given. A number is taken for its text, as an entity's id is. @throws InvalidRowError */
export function rowId(given: unknown): string | null {
  if (given === undefined || given === null) return null;
  const id = textIdOf(given);
  if (isPlainText(id, maxIdCharacters)) return id;
  throw new InvalidRowError([idProblem(given)!]);
}

export function idProblem(id: unknown): Problem | null {
  if (isPlainText(id, maxIdCharacters)) return null;
  const isUnfit = typeof id === "string" && id !== "" && id.length <= maxIdCharacters;
  const expected = `a string of 1 to ${maxIdCharacters} characters${isUnfit ? ", well-formed Unicode without NUL" : ""}`;
  return { field: "id", found: id, expected };
}

/**
 * Checks a row against the fields. Returns its values in stored form, without undefined ones.
 * @throws InvalidRowError with every problem: undeclared fields, wrong types, required fields set to null
 */
export function checkRow(fields: Fields, row: Record<string, unknown>): Record<string, unknown> {
  const problems: Problem[] = [];
  const values: Record<string, unknown> = {};
  for (const name in row) {
    const found = row[name];
    if (name === "id" || found === undefined) continue;
    const field = fields.get(name);
    if (!field) {
      // An error lists no more problems.
      if (problems.length > maxProblems) break;
      const names = [...fields.keys()];
      const expected = `one of the declared fields ${names.join(", ")}${didYouMean(name, names)}`;
      problems.push({ field: name, found, expected });
    } else if (found === null) {
      if (field.required)
        problems.push({
          field: name,
          found,
          expected: `a value (${field.type}): the field is required`,
        });
      values[name] = null;
    } else {
      const stored = storedValue(field, found, problems);
      if (stored !== undefined) values[name] = stored;
    }
  }
  if (problems.length > 0) throw new InvalidRowError(problems);
  return values;
}

/** The required fields that `values` omits: a new row needs them all. */
export const missingFields = (fields: Fields, values: Record<string, unknown>): Problem[] =>
  [...fields.values()]
    .filter(({ name, required }) => required && (!Object.hasOwn(values, name) || values[name] === null))
    .map(({ name, type }) => ({
      field: name,
      found: undefined,
      expected: `a value (${type}): the field is required`,
    }));

export function typeInWords(type: FieldType): string {
  const words = {
    string: "a string",
    integer: "a whole number",
    number: "a finite number",
    boolean: "true or false",
    date: "a Date or an ISO 8601 string",
    object: "an object",
    array: "an array",
  };
  return words[type];
}

/** The value in stored form; undefined, with a problem added, if it does not fit the type. */
function storedValue({ name, type }: Field, found: unknown, problems: Problem[]): unknown {
  let stored: unknown;
  if (type === "string") stored = typeof found === "string" && found.isWellFormed() ? found : undefined;
  else if (type === "integer") stored = Number.isSafeInteger(found) ? found : undefined;
  else if (type === "number") stored = Number.isFinite(found) ? found : undefined;
  else if (type === "boolean") stored = typeof found === "boolean" ? found : undefined;
  else if (type === "date") stored = isoDate(found);
  else if (isOfShape(type, found)) {
    const json = toJson(name, found);
    if (isProblem(json)) return void problems.push(json);
    // A Date is an object, but its JSON is a string.
    if (isOfShape(type, json.value)) stored = json.value;
  }
  if (stored === undefined) problems.push({ field: name, found, expected: expectedOf(type, found) });
  return stored;
}

const expectedOf = (type: FieldType, found: unknown) =>
  type === "string" && typeof found === "string" ? "a string of well-formed Unicode" : typeInWords(type);

const isOfShape = (type: "object" | "array", found: unknown) =>
  typeof found === "object" && found !== null && Array.isArray(found) === (type === "array");

/** Parses ISO 8601 with at least a date. Rejects any other text that `Date` might guess at. */
export function isoDate(found: unknown): string | undefined {
  if (found instanceof Date) return isoText(found);
  const parts = typeof found === "string" ? isoPattern.exec(found) : null;
  if (!parts) return undefined;
  const [text, day = "", time, offset] = parts;
  // Without an offset the time is UTC: a row must not depend on the time zone of the machine that folds it.
  const date = new Date(time !== undefined && offset === undefined ? `${text}Z` : text);
  // Date would read the 30th of February as the 1st of March.
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day) ? isoText(date) : undefined;
}

const isoPattern =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** Only years of four digits, whose texts sort like the times. */
function isoText(date: Date): string | undefined {
  if (Number.isNaN(date.getTime())) return undefined;
  const text = date.toISOString();
  return /^\d{4}-/.test(text) ? text : undefined;
}

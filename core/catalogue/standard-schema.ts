import { isThenable } from "../concurrency/is-thenable.ts";
import { isPlainObject } from "../options/options.ts";

/**
 * A schema of another library, such as zod, valibot, arktype or joi, with the interface of https://standardschema.dev.
 * Declared here, so that this package depends on none of them.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type StandardResult<Output = unknown> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Inferred structurally, since the libraries type the interface in different ways. */
interface Typed<Types> {
  readonly "~standard": { readonly types?: Types | undefined };
}

/** The type of a value that a schema has checked, with its defaults and conversions. */
export type StandardOutput<Schema> =
  Schema extends Typed<infer Types>
    ? NonNullable<Types> extends { output: infer Output }
      ? Output
      : unknown
    : unknown;

/** The type of a value that a schema accepts. */
export type StandardInput<Schema> =
  Schema extends Typed<infer Types> ? (NonNullable<Types> extends { input: infer Input } ? Input : unknown) : unknown;

type Fields = Readonly<Record<string, unknown>>;

/** The schemas of arktype are functions. */
export function isStandardSchema(found: unknown): found is StandardSchema {
  if (found === null || (typeof found !== "object" && typeof found !== "function")) return false;
  const { "~standard": standard } = found as Partial<StandardSchema>;
  return typeof standard?.validate === "function";
}

/** Whether a schema declares that it is asynchronous, as those of valibot do. Others show it by their first result. */
export const isAsyncSchema = (schema: StandardSchema): boolean => (schema as { async?: unknown }).async === true;

/** The schema's own result; a promise of it if a check is asynchronous. */
export const validate = (
  schema: StandardSchema,
  value: unknown,
): { now: StandardResult } | { later: PromiseLike<StandardResult> } => {
  const result = schema["~standard"].validate(value);
  return isThenable(result) ? { later: result } : { now: result };
};

interface JsonConverter {
  input(options: object): unknown;
  output(options: object): unknown;
}

/**
 * The JSON Schema of what a schema accepts or returns; null if its library cannot convert it. `unrepresentable` and
 * `fallback` are the options of zod and arktype for parts that JSON Schema does not have, such as a date.
 */
export function jsonSchemaOf(schema: StandardSchema, side: "input" | "output"): Fields | null {
  const { jsonSchema } = schema["~standard"] as { jsonSchema?: JsonConverter };
  const libraryOptions = { unrepresentable: "any", fallback: ({ base }: { base: unknown }) => base };
  try {
    const found = jsonSchema?.[side]({ target: "draft-2020-12", libraryOptions });
    return isPlainObject(found) ? (found as Fields) : null;
  } catch {
    return null;
  }
}

/** The fields that an object's schema declares, with the schema of each; null if it does not show them. */
export function standardFields(schema: StandardSchema, side: "input" | "output"): Fields | null {
  const json = jsonSchemaOf(schema, side);
  // valibot: the fields are a member of the schema.
  const fields = json === null ? (schema as { entries?: unknown }).entries : json["properties"];
  return isPlainObject(fields) ? (fields as Fields) : null;
}

/** Whether the schema says that it keeps fields which it does not declare. */
export function keepsOthers(schema: StandardSchema): boolean {
  const json = jsonSchemaOf(schema, "output");
  if (json === null) return (schema as { type?: unknown }).type === "loose_object";
  const { additionalProperties = false } = json;
  return additionalProperties !== false;
}

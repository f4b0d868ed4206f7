import { isLiteral, isPlainObject } from "../options/options.ts";
import { isStandardSchema, standardFields } from "./standard-schema.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * The fields that params declare, each with its rule, whichever validator they are for: rules by field, a JSON Schema of
 * an object, or a Standard Schema. Null if the schema does not show them.
 */
export function declaredFields(schema: object): Fields | null {
  if (isStandardSchema(schema)) return standardFields(schema, "input");
  if (!isLiteral(schema)) return null;
  const { $$root, type, props, properties } = schema as Fields;
  if ($$root === true) return (properties ?? props ?? {}) as Fields;
  if (type === "object" && isPlainObject(properties)) return properties as Fields;
  return Object.fromEntries(Object.entries(schema).filter(([name]) => !name.startsWith("$$")));
}

import { DefinitionError } from "../errors/errors.ts";
import { InvalidDecisionError } from "./errors.ts";
import { didYouMean } from "../options/near-name.ts";
import { isStandardSchema, standardFields } from "../catalogue/standard-schema.ts";

/** What can be claimed where a path leads. */
type Claimable = string | number | readonly (string | number)[];

/** The paths through a payload to a value that can be claimed: `"email"`, `"contact.email"`. At most six levels. */
export type ClaimPath<Payload, Levels extends unknown[] = []> = unknown extends Payload
  ? string
  : string extends keyof Payload
    ? string
    : Levels["length"] extends 6
      ? never
      : {
          [Key in keyof Payload & string]-?: unknown extends Payload[Key]
            ? Key | `${Key}.${string}`
            : PathOf<Key, NonNullable<Payload[Key]>, Levels>;
        }[keyof Payload & string];

type PathOf<Key extends string, Value, Levels extends unknown[]> = [Value] extends [Claimable]
  ? Key
  : [Value] extends [readonly unknown[]]
    ? never
    : [Value] extends [object]
      ? `${Key}.${ClaimPath<Value, [...Levels, unknown]>}`
      : never;

const isObject = (found: unknown): found is Record<string, unknown> =>
  found !== null && typeof found === "object" && !Array.isArray(found);

/**
 * Checks a path, and its fields against the schema of the payload if there is one.
 * @throws DefinitionError
 */
export function assertClaimPath(field: string, path: string, schema: unknown): void {
  const keys = path.split(".");
  const refuse = (expected: string) => {
    throw new DefinitionError({ field, found: path, expected });
  };
  if (keys.some((key) => key.trim() === ""))
    refuse('a path into the payload, such as "email" or "contact.email", or a function (event) => value');
  if (keys[0] === "payload" && keys.length > 1)
    refuse(`${JSON.stringify(keys.slice(1).join("."))}: a path starts in the payload`);
  let fields = payloadFields(schema);
  for (const key of keys) {
    if (!fields) return;
    const names = Object.keys(fields).filter((name) => !name.startsWith("$$"));
    if (!names.includes(key))
      refuse(`a path whose ${JSON.stringify(key)} is one of ${names.join(", ")}${didYouMean(key, names)}`);
    fields = fieldsOf(fields[key]);
  }
}

function payloadFields(schema: unknown): Record<string, unknown> | null {
  if (isStandardSchema(schema)) return standardFields(schema, "output");
  return isObject(schema) && schema["$$root"] !== true && schema["$$strict"] !== false ? schema : null;
}

/** The rules of an object's fields; null for another rule, or one that does not name them all. */
function fieldsOf(rule: unknown): Record<string, unknown> | null {
  if (!isObject(rule) || rule["strict"] === false || rule["$$strict"] === false) return null;
  if (typeof rule["$$type"] === "string") return rule["$$type"].startsWith("object") ? rule : null;
  const fields = rule["type"] === "object" ? (rule["props"] ?? rule["properties"] ?? rule["entries"]) : null;
  return isObject(fields) ? fields : null;
}

/**
 * Returns the value at a path of a payload; undefined if it is absent.
 * @throws InvalidDecisionError naming the field that is no object
 */
export function valueAt(field: string, path: string, payload: unknown): unknown {
  let found = payload;
  for (const key of path.split(".")) {
    if (found === null || found === undefined) return undefined;
    if (!isObject(found)) throw new InvalidDecisionError([{ field, found, expected: `an object with ${key}` }]);
    found = Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return found;
}

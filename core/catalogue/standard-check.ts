import { DefinitionError } from "../errors/errors.ts";
import { described, type Problem } from "../errors/problem.ts";
import { ignoreOutcome } from "../concurrency/is-thenable.ts";
import { isProblem, toJson, type JsonValue } from "../json/json.ts";
import { issueProblems } from "./issue-problems.ts";
import { isAsyncSchema, validate, type StandardSchema } from "./standard-schema.ts";

const synchronous = "a synchronous check: an append does not wait for checks";

/**
 * The check of a payload by a Standard Schema. The schema decides what becomes of fields that it does not declare.
 * @throws DefinitionError for a schema that says it is asynchronous
 */
export function standardCheck(
  owner: string,
  schema: StandardSchema,
): (at: string, payload: JsonValue) => JsonValue | Problem[] {
  if (isAsyncSchema(schema))
    throw new DefinitionError({ field: owner, found: described("an asynchronous schema"), expected: synchronous });
  return (at, { text, value }) => {
    const field = at === "" ? "payload" : `${at}.payload`;
    try {
      // A copy, since the library may change what it checks.
      const result = validate(schema, JSON.parse(text));
      if ("later" in result) {
        ignoreOutcome(result.later);
        // zod also returns a promise for a check that throws.
        const found = described("a check that is asynchronous or throws");
        return [{ field, found, expected: synchronous }];
      }
      const { now } = result;
      return now.issues ? issueProblems(field, field, value, now.issues) : storable(field, now.value);
    } catch (error) {
      return [{ field, found: value, expected: `a payload that can be checked (${String(error)})` }];
    }
  };
}

/** The output of a schema as JSON. An object that JSON would convert, such as a Date, would be read as another type. */
function storable(field: string, output: unknown): JsonValue | Problem[] {
  const problem = converted(field, output);
  if (problem) return [problem];
  const json = toJson(field, output);
  return isProblem(json) ? [json] : json;
}

function converted(field: string, value: unknown, above: readonly object[] = []): Problem | null {
  if (value === null || typeof value !== "object" || above.includes(value)) return null;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function")
    return { field, found: value, expected: "plain JSON from the schema: a date is a text in a payload" };
  for (const [name, part] of Object.entries(value)) {
    const problem = converted(`${field}.${name}`, part, [...above, value]);
    if (problem) return problem;
  }
  return null;
}

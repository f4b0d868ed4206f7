import { DefinitionError } from "../errors/errors.ts";
import type { Problem } from "../errors/problem.ts";
import { isProblem, toJson, type JsonValue } from "../json/json.ts";
import { payloadProblems, type Finding } from "./payload-problems.ts";
import { ruleProblem } from "./rule-problem.ts";
import { ruleOf, type PayloadSchema, type Undeclared } from "./payload-schema.ts";
import { standardCheck } from "./standard-check.ts";
import { isStandardSchema } from "./standard-schema.ts";
import { payloadValidator } from "./payload-validator.ts";

/**
 * Checks a payload, given as JSON. Returns the JSON that the schema makes of it (defaults, trimmed strings …), or every
 * problem, at `<at>.payload…`. Does not change its input.
 */
export type PayloadCheck = (at: string, payload: JsonValue) => JsonValue | Problem[];

/**
 * A Standard Schema itself decides what becomes of undeclared fields.
 * @throws DefinitionError if fastest-validator rejects the schema, or a checker is asynchronous
 */
export function payloadCheck(owner: string, schema: PayloadSchema, undeclared: Undeclared): PayloadCheck {
  if (isStandardSchema(schema)) return standardCheck(owner, schema);
  const check = compile(owner, ruleOf(owner, schema, undeclared));
  return (at, { text, value }) => {
    // The checker writes sanitised values into the object that it checks.
    const checked = { payload: JSON.parse(text) as unknown };
    const field = at === "" ? "payload" : `${at}.payload`;
    let findings: true | Finding[];
    try {
      findings = check(checked);
    } catch (error) {
      // The checker threw: it cannot handle the value, or it is asynchronous.
      return [{ field, found: value, expected: `a payload that can be checked (${String(error)})` }];
    }
    if (findings !== true) return payloadProblems(at, value, findings);
    const json = toJson(field, checked.payload);
    return isProblem(json) ? [json] : json;
  };
}

function compile(owner: string, rule: object): (value: object) => true | Finding[] {
  try {
    return payloadValidator.compile({ payload: rule }) as (value: object) => true | Finding[];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const { props = {} } = rule as { props?: Readonly<Record<string, unknown>> };
    const problem = ruleProblem(owner, props, (schema) => payloadValidator.compile({ ...schema }));
    throw new DefinitionError(
      problem ?? { field: owner, found: rule, expected: `a fastest-validator schema (${why})` },
    );
  }
}

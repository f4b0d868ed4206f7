import { Errors, type ActionSchema, type Context } from "moleculer";
import { givenMessage, pathOf, problemsOf, type Finding } from "../../core/catalogue/payload-problems.ts";
import { isIssue, issueProblems, type Issue } from "../../core/catalogue/issue-problems.ts";
import { ValidationError } from "../../core/errors/errors.ts";
import { hasReachedHandler, isBySchema } from "./action-params.ts";
import { joinAlternatives } from "./failed-alternatives.ts";
import { isReservedParam, reserved } from "../../core/options/reserved.ts";
import { didYouMean } from "../../core/options/near-name.ts";
import { asData, brief, type Problem } from "../../core/errors/problem.ts";

/** An entry of `data` in the error of Moleculer's validator, which alone names the action in each. */
type Entry = Finding & { action: string };

const mostEntries = 20;
const mostCharacters = 300;

/**
 * Rewrites the validator's error into the shape of every other one: what was found and what was expected, a field in each
 * entry, and a bounded size, because the validator itself includes the whole input. The message that an author's rule gives
 * stays, and so does that of a nested call's error. Returns null for any other error.
 */
export function toValidationError(
  error: unknown,
  ctx: Context,
  rules: ActionSchema["params"],
  isGenerated: boolean,
): Errors.ValidationError | null {
  const issues = isGenerated ? null : issuesOf(error);
  if (issues && isOwnRefusal(error, ctx)) return new ValidationError(issueProblems("", "params", ctx.params, issues));
  const entries = issues ? null : entriesOf(error);
  if (!entries) return null;
  if (!isOwnRefusal(error, ctx)) {
    const problems = entries.flatMap((entry) => paramProblems({}, entry));
    return new Errors.ValidationError(
      brief((error as Error).message, mostCharacters),
      "VALIDATION_ERROR",
      asData(problems),
    );
  }
  const { params } = ctx;
  const known = Object.keys(rules ?? {});
  return new ValidationError(
    entries.flatMap((entry) =>
      entry.type === "objectStrict" ? unknownParams(entry, params, known, isGenerated) : paramProblems(params, entry),
    ),
  );
}

/** Whether the validator, Moleculer's or another, refused the params of this call, and not those of a nested one. */
export const isOwnRefusal = (error: unknown, ctx: Context): boolean =>
  isBySchema(error) || issuesOf(error) ? !hasReachedHandler(ctx) : entriesOf(error)?.[0]!.action === ctx.action?.name;

/** What a broker's other validator found; null for any other error. */
function issuesOf(error: unknown): Issue[] | null {
  const { type, data } = (error ?? {}) as { type?: unknown; data?: unknown };
  const isByOther = type === "VALIDATION_ERROR" && Array.isArray(data) && data.length > 0 && data.every(isIssue);
  return isByOther ? data.slice(0, mostEntries) : null;
}

/** Null for the error of anything but Moleculer's validator. */
function entriesOf(error: unknown): Entry[] | null {
  const { type, data } = (error ?? {}) as { type?: unknown; data?: unknown };
  const isByValidator =
    type === "VALIDATION_ERROR" &&
    Array.isArray(data) &&
    data.length > 0 &&
    data.every((entry: Entry | null) => typeof entry?.action === "string");
  return isByValidator ? joinAlternatives((data as Entry[]).slice(0, mostEntries)) : null;
}

/** Unlike that of a payload, the rule `date` of params is Moleculer's, which accepts a string only to convert it. */
const dateParam = 'a Date, or an ISO 8601 string if the rule is "date|convert"';

const paramProblems = (params: unknown, entry: Entry): Problem[] =>
  problemsOf("", params, entry).map((problem) => ({
    ...problem,
    ...(entry.type === "date" && { expected: dateParam }),
    field: problem.field === "" ? "params" : problem.field,
    message: givenMessage(entry),
  }));

/** One problem for each unknown param. The validator makes one for all of an object, without their names as fields. */
function unknownParams(entry: Entry, params: unknown, rules: readonly string[], isGenerated: boolean): Problem[] {
  const within = pathOf(entry.field).join(".");
  const declared = within === "" ? rules : String(entry.expected).split(", ");
  const known = declared.filter((name) => name !== "" && !name.startsWith("$$"));
  const names = within === "" ? Object.keys(params as object) : String(entry.actual).split(", ");
  const unknown = names.filter((name) => !known.includes(name));
  return unknown.slice(0, mostEntries).map((name) => {
    const found = brief(name, mostCharacters) || '""';
    const field = within === "" ? found : `${within}.${found}`;
    const one = known.length === 0 ? "no params" : `one of the params ${known.join(", ")}`;
    const expected = isGenerated && isReservedParam(name) ? reserved : `${one}${didYouMean(name, known)}`;
    return { field, found, expected, message: `${field}: found an unknown param, expected ${expected}` };
  });
}

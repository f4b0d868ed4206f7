import type { Problem } from "../errors/problem.ts";
import { maxClaimChanges } from "./log-claims.ts";
import { isPlainText } from "../text/plain-text.ts";
import { unknownFields } from "../options/unknown-fields.ts";

/** A decider has one scope per claim. */
const maxScopes = 1000;
const maxNameCharacters = 2000;
/** A value of 1,000 characters may become longer if case is ignored. */
const maxValueCharacters = 10_000;

const isObject = (found: unknown): found is Record<string, unknown> => found !== null && typeof found === "object";

/** The problems of the `claims` of an append. */
export function claimProblems(claims: unknown): Problem[] {
  if (!Array.isArray(claims))
    return [{ field: "claims", found: claims, expected: "an array of {scope, definition, changes}" }];
  if (claims.length > maxScopes)
    return [{ field: "claims", found: claims, expected: `at most ${maxScopes} of {scope, definition, changes}` }];
  let left = maxClaimChanges;
  return Array.from(claims, (given: unknown, index): Problem[] => {
    const field = `claims.${index}`;
    if (!isObject(given)) return [{ field, found: given, expected: "{scope, definition, changes}" }];
    const { scope, definition, changes } = given;
    const count = Array.isArray(changes) ? changes.length : 0;
    if (count > left)
      return [
        { field: `${field}.changes`, found: changes, expected: `at most ${maxClaimChanges} changes in an append` },
      ];
    left -= count;
    return [
      ...unknownFields(field, given, ["scope", "definition", "changes"]),
      ...textProblem(`${field}.scope`, scope, maxNameCharacters),
      ...textProblem(`${field}.definition`, definition, maxNameCharacters),
      ...changeProblems(`${field}.changes`, changes),
    ];
  }).flat();
}

function changeProblems(field: string, changes: unknown): Problem[] {
  if (!Array.isArray(changes)) return [{ field, found: changes, expected: "an array of {value, claimed}" }];
  return Array.from(changes, (change: unknown, index): Problem[] => {
    const at = `${field}.${index}`;
    if (!isObject(change)) return [{ field: at, found: change, expected: "{value, claimed}" }];
    const { value, claimed } = change;
    const isFlag = typeof claimed === "boolean";
    const isAll = value === null && claimed === false;
    return [
      ...(isAll ? [] : textProblem(`${at}.value`, value, maxValueCharacters)),
      ...(isFlag ? [] : [{ field: `${at}.claimed`, found: claimed, expected: "true or false" }]),
    ];
  }).flat();
}

const textProblem = (field: string, found: unknown, most: number): Problem[] =>
  isPlainText(found, most)
    ? []
    : [{ field, found, expected: `a text of 1 to ${most} characters, well-formed Unicode without NUL` }];

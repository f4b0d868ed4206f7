import type { Problem } from "./problem.ts";

const isObject = (found: unknown): found is Record<string, unknown> => found !== null && typeof found === "object";
const isText = (found: unknown): boolean => typeof found === "string" && found !== "" && found.isWellFormed();

/** What is wrong with the `claims` of an append. */
export function claimProblems(claims: unknown): Problem[] {
  if (!Array.isArray(claims))
    return [{ field: "claims", found: claims, expected: "an array of {scope, definition, changes}" }];
  return Array.from(claims, (told: unknown, index): Problem[] => {
    const field = `claims.${index}`;
    if (!isObject(told)) return [{ field, found: told, expected: "{scope, definition, changes}" }];
    const texts = (["scope", "definition"] as const).filter((name) => !isText(told[name]));
    const problems: Problem[] = texts.map((name) => ({
      field: `${field}.${name}`,
      found: told[name],
      expected: "a text",
    }));
    const { changes } = told;
    const isRight = (change: unknown) =>
      isObject(change) && isText(change["value"]) && typeof change["held"] === "boolean";
    if (!Array.isArray(changes) || !changes.every(isRight))
      problems.push({
        field: `${field}.changes`,
        found: changes,
        expected: "an array of {value: a text, held: true or false}",
      });
    return problems;
  }).flat();
}

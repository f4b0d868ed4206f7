import { DefinitionError } from "./errors.ts";

/**
 * A misspelt option would silently leave its default in force.
 * @throws DefinitionError naming it and the options that there are.
 */
export function refuseUnknownOptions(owner: string, given: object, known: readonly string[]): void {
  for (const option of Object.keys(given))
    if (!known.includes(option))
      throw new DefinitionError({
        field: `${owner}.${option}`,
        found: option,
        expected: `one of the options ${known.join(", ")}`,
      });
}

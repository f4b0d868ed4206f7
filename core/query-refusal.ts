import { InvalidQueryError } from "./errors.ts";

const maxShownCharacters = 200;

/** An error never contains a whole input, which may have megabytes. */
export const shortened = (text: string) =>
  text.length > maxShownCharacters ? `${text.slice(0, 25)}… (${text.length} characters)` : text;

/** @throws InvalidQueryError */
export function refuse(field: string, found: unknown, expected: string): never {
  throw new InvalidQueryError({
    field: field.length > maxShownCharacters ? `${field.slice(0, maxShownCharacters)}…` : field,
    found: typeof found === "string" ? shortened(found) : found,
    expected,
  });
}

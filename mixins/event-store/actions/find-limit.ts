import { ValidationError } from "../../../core/errors/errors.ts";

/** The most events that one call returns. */
export const maxLimit = 10_000;

/** The limit of `find`; without one, the first 10,000 events are returned. @throws ValidationError */
export function limitOf(given: number | null): number {
  if (given === null || given <= maxLimit) return given ?? maxLimit;
  throw new ValidationError([{ field: "limit", found: given, expected: `a whole number from 1 to ${maxLimit}` }]);
}

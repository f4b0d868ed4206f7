import { InvalidQueryError } from "../errors/errors.ts";

/** @throws InvalidQueryError */
export function refuse(field: string, found: unknown, expected: string): never {
  throw new InvalidQueryError({ field, found, expected });
}

import { DefinitionError } from "../../core/errors/errors.ts";
import { described } from "../../core/errors/problem.ts";

/** Members of `.on(type)` that refuse the next step where the mapping between them is missing. */
export function noMapping(field: string): object {
  const refuse = () => {
    const expected = "create, createMany, update, updateMany or remove after it: .on(type).create(transform)";
    throw new DefinitionError({ field, found: described("no mapping"), expected });
  };
  return { on: refuse, mixin: refuse };
}

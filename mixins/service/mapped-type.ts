import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import { formerName } from "../../core/catalogue/stored-types.ts";
import type { Problem } from "../../core/errors/problem.ts";
import { unknownType } from "../../core/event/event-type.ts";
import { nameProblem } from "../../core/event/stream-name.ts";

/** Why no event of a store can match a pattern that a consumer maps; null if one can. */
export const mappedTypeProblem = (
  field: string,
  pattern: string,
  { catalogue, types }: { catalogue: Catalogue; types: readonly string[] | null },
): Problem | null =>
  nameProblem(field, pattern) ?? formerName(field, pattern, catalogue) ?? unknownType(field, pattern, types);

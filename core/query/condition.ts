import type { FieldType } from "../rows/fields.ts";

/** The operators of a comparison. `$ne` and `$nin` are parsed into the negation of `$eq` and `$in`. */
export type Operator = "$eq" | "$gt" | "$gte" | "$lt" | "$lte" | "$in" | "$exists" | "$regex";

/** One comparison. `path` leads into an object or array field; it is empty for the field itself. */
export interface Comparison {
  field: string;
  type: FieldType;
  path: string[];
  operator: Operator;
  /**
   * `$in`: an array; `$exists`: a boolean; `$regex`: {source, flags}; otherwise a JSON value of the field's type, or
   * null.
   */
  value: unknown;
  /** The effort it may spend on one row, if that is less than `maxRowEffort`. */
  share?: number;
}

export type Condition = { and: Condition[] } | { or: Condition[] } | { not: Condition } | Comparison;

import type { Comparison, Condition } from "../../../core/query/query.ts";
import { toColumnValue } from "../rows/where.ts";
import type { Documents, Filter } from "./row-store.ts";

/** A condition as an engine's filter. The filter selects every row that matches, and, if it is exact, no other row. */
export interface Pushed {
  /** Null selects all rows. */
  filter: Filter | null;
  isExact: boolean;
}

export interface Dialect {
  documents: Pick<Documents, "keyOf" | "pathOf">;
  sortsByBytes: boolean;
}

/** Engines reject filters with more parts, or run them slowly. */
const maxParts = 1000;

const everything: Pushed = { filter: null, isExact: false };
const nothing: Pushed = { filter: { _id: { $in: [] } }, isExact: true };

/** Translates as much of the condition as every such engine evaluates as `core/query/matches-condition.ts` does. */
export function pushDown(where: Condition | null, { documents, sortsByBytes }: Dialect): Pushed {
  if (!where) return { filter: null, isExact: true };
  let parts = 0;
  const isTooMuch = (count: number) => (parts += count) > maxParts;

  function translate(condition: Condition, isNegated: boolean): Pushed {
    if ("not" in condition) return translate(condition.not, !isNegated);
    if ("and" in condition || "or" in condition) {
      const inner = "and" in condition ? condition.and : condition.or;
      // De Morgan: not (a and b) is (not a) or (not b).
      return "and" in condition === isNegated ? any(inner, isNegated) : every(inner, isNegated);
    }
    return leaf(condition, isNegated);
  }

  function every(conditions: readonly Condition[], isNegated: boolean): Pushed {
    const pushed = conditions.map((one) => translate(one, isNegated));
    const filters = pushed.flatMap(({ filter }) => (filter ? [filter] : []));
    return {
      filter: filters.length > 1 ? { $and: filters } : (filters[0] ?? null),
      isExact: pushed.every(({ isExact }) => isExact),
    };
  }

  function any(conditions: readonly Condition[], isNegated: boolean): Pushed {
    if (isTooMuch(conditions.length)) return everything;
    if (conditions.length === 0) return nothing;
    const pushed = conditions.map((one) => translate(one, isNegated));
    const isExact = pushed.every(({ isExact }) => isExact);
    const filters = pushed.flatMap(({ filter }) => (filter ? [filter] : []));
    if (filters.length < pushed.length) return { filter: null, isExact };
    return { filter: filters.length === 1 ? filters[0]! : { $or: filters }, isExact };
  }

  function leaf({ field, type, path, operator, value }: Comparison, isNegated: boolean): Pushed {
    if (path.length > 0 || type === "object" || type === "array") return everything;
    const isId = field === "id";
    const name = isId ? "_id" : documents.pathOf(field);
    const toStored = (value: unknown) => (isId ? documents.keyOf(value as string) : toColumnValue(value));
    const exactly = (expected: unknown): Pushed => ({ filter: { [name]: expected }, isExact: true });
    switch (operator) {
      case "$eq":
        if (!isPlain(value) || (isId && value === null)) return everything;
        return exactly(isNegated ? { $ne: toStored(value) } : toStored(value));
      case "$in": {
        const values = value as unknown[];
        if (!values.every((one) => isPlain(one) && !(isId && one === null)) || isTooMuch(values.length))
          return everything;
        return exactly({ [isNegated ? "$nin" : "$in"]: values.map(toStored) });
      }
      case "$exists":
        return isId ? everything : exactly(value !== isNegated ? { $ne: null } : null);
      case "$regex":
        return everything;
      default:
        return isId ? everything : range(name, operator, value, isNegated);
    }
  }

  function range(name: string, operator: "$gt" | "$gte" | "$lt" | "$lte", value: unknown, isNegated: boolean): Pushed {
    if (!isPlain(value) || (typeof value === "string" && !sortsByBytes)) return everything;
    if (!isNegated) return { filter: { [name]: { [operator]: value } }, isExact: true };
    const opposite = ({ $gt: "$lte", $gte: "$lt", $lt: "$gte", $lte: "$gt" } as const)[operator];
    return { filter: { $or: [{ [name]: { [opposite]: value } }, { [name]: null }] }, isExact: true };
  }

  const pushed = translate(where, false);
  return parts > maxParts ? everything : pushed;
}

/** Engines store numbers beyond the safe integers exactly, but some of them compare such numbers inexactly. */
const isPlain = (value: unknown) => typeof value !== "number" || Math.abs(value) <= Number.MAX_SAFE_INTEGER;

import { compileComparison } from "../../../core/query/matches-comparison.ts";
import type { Comparison, Condition, Query } from "../../../core/query/query.ts";
import { compareText } from "../../../core/text/text-order.ts";

/**
 * A stored value, as in a database: booleans are 0 and 1, objects and arrays are JSON, so no caller shares an object.
 */
export type ColumnValue = string | number | null;

/** A row or an event as it is stored. */
export type Stored = Readonly<Record<string, ColumnValue>>;

type Test = (stored: Stored) => boolean;

export const toColumnValue = (value: unknown): ColumnValue =>
  typeof value === "boolean" ? Number(value) : (value as ColumnValue);

/** Null sorts first, then numbers, then text by the bytes of its UTF-8. */
export function compareColumnValues(a: ColumnValue, b: ColumnValue): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return rank(a) - rank(b);
}

const rank = (cell: ColumnValue) => (cell === null ? 0 : typeof cell === "number" ? 1 : 2);

/** Caches the parsed JSON of the current row, so that several comparisons of a field parse it once. */
export class JsonValues {
  readonly #last = new Map<string, { cell: ColumnValue; value: unknown }>();

  value(field: string, cell: ColumnValue): unknown {
    if (cell === null) return null;
    let last = this.#last.get(field);
    if (last?.cell !== cell) this.#last.set(field, (last = { cell, value: JSON.parse(cell as string) as unknown }));
    return last.value;
  }
}

/** Compiles a query's conditions and search to a test of a stored row or event. */
export function filter({ where, search }: Query): Test {
  const meets = where ? compile(where, new JsonValues()) : () => true;
  if (!search) return meets;
  const text = search.text.toLowerCase();
  const contains = (cell: ColumnValue) => cell !== null && String(cell).toLowerCase().includes(text);
  return (stored) => meets(stored) && search.fields.some((field) => contains(stored[field]!));
}

/** A comparison with a field without a value is false, so its negation is true, as in MongoDB. */
function compile(condition: Condition, cells: JsonValues): Test {
  if ("and" in condition) {
    const parts = condition.and.map((part) => compile(part, cells));
    return (stored) => parts.every((part) => part(stored));
  }
  if ("or" in condition) {
    const parts = condition.or.map((part) => compile(part, cells));
    return (stored) => parts.some((part) => part(stored));
  }
  if ("not" in condition) {
    const part = compile(condition.not, cells);
    return (stored) => !part(stored);
  }
  const test = compare(condition, cells);
  return (stored) => test(stored[condition.field]!);
}

function compare(comparison: Comparison, cells: JsonValues): (cell: ColumnValue) => boolean {
  const { field, type, operator, value } = comparison;
  if (type === "object" || type === "array") {
    const test = compileComparison(comparison);
    return (cell) => test(cells.value(field, cell));
  }
  const asked = toColumnValue(value);
  switch (operator) {
    case "$exists":
      return (cell) => (cell !== null) === value;
    case "$eq":
      return (cell) => cell === asked;
    case "$in": {
      const among = new Set((value as unknown[]).map(toColumnValue));
      return (cell) => among.has(cell);
    }
    case "$regex":
      return compileComparison(comparison);
    case "$gt":
      return (cell) => cell !== null && compareColumnValues(cell, asked) > 0;
    case "$gte":
      return (cell) => cell !== null && compareColumnValues(cell, asked) >= 0;
    case "$lt":
      return (cell) => cell !== null && compareColumnValues(cell, asked) < 0;
    case "$lte":
      return (cell) => cell !== null && compareColumnValues(cell, asked) <= 0;
  }
}

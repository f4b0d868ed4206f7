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

const rank = (columnValue: ColumnValue) => (columnValue === null ? 0 : typeof columnValue === "number" ? 1 : 2);

/** Caches the parsed JSON of the current row, so that several comparisons of a field parse it once. */
export class JsonValues {
  readonly #last = new Map<string, { columnValue: ColumnValue; value: unknown }>();

  value(field: string, columnValue: ColumnValue): unknown {
    if (columnValue === null) return null;
    let last = this.#last.get(field);
    if (last?.columnValue !== columnValue)
      this.#last.set(field, (last = { columnValue, value: JSON.parse(columnValue as string) as unknown }));
    return last.value;
  }
}

/** Compiles a query's conditions and search to a test of a stored row or event. */
export function filter({ where, search }: Query): Test {
  const matches = where ? compile(where, new JsonValues()) : () => true;
  if (!search) return matches;
  const text = search.text.toLowerCase();
  const contains = (columnValue: ColumnValue) =>
    columnValue !== null && String(columnValue).toLowerCase().includes(text);
  return (stored) => matches(stored) && search.fields.some((field) => contains(stored[field]!));
}

/** A comparison with a field without a value is false, so its negation is true, as in MongoDB. */
function compile(condition: Condition, jsonValues: JsonValues): Test {
  if ("and" in condition) {
    const parts = condition.and.map((part) => compile(part, jsonValues));
    return (stored) => parts.every((part) => part(stored));
  }
  if ("or" in condition) {
    const parts = condition.or.map((part) => compile(part, jsonValues));
    return (stored) => parts.some((part) => part(stored));
  }
  if ("not" in condition) {
    const part = compile(condition.not, jsonValues);
    return (stored) => !part(stored);
  }
  const test = compare(condition, jsonValues);
  return (stored) => test(stored[condition.field]!);
}

function compare(comparison: Comparison, jsonValues: JsonValues): (columnValue: ColumnValue) => boolean {
  const { field, type, operator, value } = comparison;
  if (type === "object" || type === "array") {
    const test = compileComparison(comparison);
    return (columnValue) => test(jsonValues.value(field, columnValue));
  }
  const expected = toColumnValue(value);
  switch (operator) {
    case "$exists":
      return (columnValue) => (columnValue !== null) === value;
    case "$eq":
      return (columnValue) => columnValue === expected;
    case "$in": {
      const among = new Set((value as unknown[]).map(toColumnValue));
      return (columnValue) => among.has(columnValue);
    }
    case "$regex":
      return compileComparison(comparison);
    case "$gt":
      return (columnValue) => columnValue !== null && compareColumnValues(columnValue, expected) > 0;
    case "$gte":
      return (columnValue) => columnValue !== null && compareColumnValues(columnValue, expected) >= 0;
    case "$lt":
      return (columnValue) => columnValue !== null && compareColumnValues(columnValue, expected) < 0;
    case "$lte":
      return (columnValue) => columnValue !== null && compareColumnValues(columnValue, expected) <= 0;
  }
}

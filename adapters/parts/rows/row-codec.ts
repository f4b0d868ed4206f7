import type { Fields, Row } from "../../../core/rows/fields.ts";
import { toColumnValue, type ColumnValue } from "./where.ts";

/** A row as it is stored, with every field of the table. Immutable: a change replaces the whole row. */
export type StoredRow = Readonly<{ id: string } & Record<string, ColumnValue>>;

export function encode(fields: Fields, values: Readonly<Record<string, unknown>>): Record<string, ColumnValue> {
  const columnValues: Record<string, ColumnValue> = {};
  for (const [name, value] of Object.entries(values)) {
    const { type } = fields.get(name)!;
    if (value !== null && (type === "object" || type === "array")) columnValues[name] = JSON.stringify(value);
    // Adding 0 turns -0 into 0, since databases store no negative zero.
    else columnValues[name] = typeof value === "number" ? value + 0 : toColumnValue(value);
  }
  return columnValues;
}

/** A row with null in every field. */
export const emptyRow = (fields: Fields, id: string): StoredRow => ({
  ...Object.fromEntries([...fields.keys()].map((name) => [name, null])),
  id,
});

/** A copy of the row for a caller, which may change it. */
export function decode(fields: Fields, stored: StoredRow): Row {
  const row: Row = { id: stored.id };
  for (const { name, type } of fields.values()) {
    const columnValue = stored[name]!;
    if (type === "boolean") row[name] = columnValue === null ? null : columnValue === 1;
    else if ((type === "object" || type === "array") && columnValue !== null)
      row[name] = JSON.parse(columnValue as string);
    else row[name] = columnValue;
  }
  return row;
}

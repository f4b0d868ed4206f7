import type { Fields, Row } from "../../../core/rows/fields.ts";
import { toColumnValue, type ColumnValue } from "./where.ts";

/** A row as it is stored: every field is there. Replaced as a whole, never changed. */
export type StoredRow = Readonly<{ id: string } & Record<string, ColumnValue>>;

/** `values` as they are stored. */
export function encode(fields: Fields, values: Readonly<Record<string, unknown>>): Record<string, ColumnValue> {
  const cells: Record<string, ColumnValue> = {};
  for (const [name, value] of Object.entries(values)) {
    const { type } = fields.get(name)!;
    if (value !== null && (type === "object" || type === "array")) cells[name] = JSON.stringify(value);
    // Like a database, it knows no negative zero.
    else cells[name] = typeof value === "number" ? value + 0 : toColumnValue(value);
  }
  return cells;
}

/** A row without a value in any field. */
export const emptyRow = (fields: Fields, id: string): StoredRow => ({
  ...Object.fromEntries([...fields.keys()].map((name) => [name, null])),
  id,
});

/** The row for a reader, who may change it. */
export function decode(fields: Fields, stored: StoredRow): Row {
  const row: Row = { id: stored.id };
  for (const { name, type } of fields.values()) {
    const cell = stored[name]!;
    if (type === "boolean") row[name] = cell === null ? null : cell === 1;
    else if ((type === "object" || type === "array") && cell !== null) row[name] = JSON.parse(cell as string);
    else row[name] = cell;
  }
  return row;
}

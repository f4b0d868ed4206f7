/** The columns of a table's rows, and the conversion between field values and columns. */
import type { Field, Fields, FieldType, Row } from "../../core/rows/fields.ts";

const sqlTypes: Record<FieldType, string> = {
  string: "TEXT",
  date: "TEXT",
  object: "TEXT",
  array: "TEXT",
  integer: "INTEGER",
  boolean: "INTEGER",
  number: "REAL",
};

export const quote = (name: string) => `"${name}"`;

export function createRows(fields: Fields): string {
  const columns = [...fields.values()].map(
    ({ name, type, required }) => `, ${quote(name)} ${sqlTypes[type]}${required ? " NOT NULL" : ""}`,
  );
  // WITHOUT ROWID stores one B-tree instead of two: rows are found by id, and sorted by id last.
  return `CREATE TABLE "rows" (id TEXT PRIMARY KEY NOT NULL${columns.join("")}) STRICT, WITHOUT ROWID;`;
}

export const createIndexes = (fields: Fields): string =>
  [...fields.values()]
    .filter(({ index, unique }) => index || unique)
    .map(
      ({ name, unique }) =>
        `CREATE ${unique ? "UNIQUE " : ""}INDEX ${quote(`rows_${name}`)} ON "rows" (${quote(name)});`,
    )
    .join("");

/** Converts a field's value to a SQLite value. */
export function encode({ type }: Field, value: unknown): unknown {
  if (value === null) return null;
  if (type === "boolean") return value === true ? 1 : 0;
  return type === "object" || type === "array" ? JSON.stringify(value) : value;
}

/** Returns a function that converts a result `[id, …fields]` to a row. */
export function rowDecoder(fields: Fields): (values: unknown[]) => Row {
  const plan = [...fields.values()].map(({ name, type }, index) => ({
    name,
    type,
    at: index + 1,
  }));
  return (values) => {
    const row: Row = { id: values[0] as string };
    for (const { name, type, at } of plan) {
      const value = values[at];
      if (type === "boolean") row[name] = value === null ? null : value === 1;
      else if ((type === "object" || type === "array") && value !== null) row[name] = JSON.parse(value as string);
      else row[name] = value;
    }
    return row;
  };
}

/** The columns of a table's rows, and the conversion between field values and columns. */
import type { Field, Fields, FieldType, Row } from "../../core/rows/fields.ts";
import { indexPrefixInSql } from "./index-prefix.ts";
import { quote } from "./schema.ts";
import { givenText, storedText } from "./stored-text.ts";

/** Texts are sorted by their bytes, as on every engine. Dates and JSON are stored as text. */
const sqlTypes: Record<FieldType, string> = {
  string: 'text COLLATE "C"',
  date: 'text COLLATE "C"',
  object: "text",
  array: "text",
  integer: "bigint",
  boolean: "boolean",
  number: "float8",
};

export const columnsOf = (fields: Fields) => ["id", ...fields.keys()].map(quote).join(", ");

export function createRows(table: string, fields: Fields): string {
  const columns = [...fields.values()].map(
    ({ name, type, required }) => `, ${quote(name)} ${sqlTypes[type]}${required ? " NOT NULL" : ""}`,
  );
  return `CREATE TABLE ${table} (id text COLLATE "C" PRIMARY KEY${columns.join("")})`;
}

/**
 * Creates the indexes, after the rows if a table starts with many. A B-tree entry has no room for a long text, so the
 * B-tree contains prefixes, and a hash index ensures uniqueness.
 */
export const createIndexes = (table: string, fields: Fields): string =>
  [...fields.values()]
    .flatMap(({ name, type, index, unique }) => {
      const column = quote(name);
      if (type !== "string")
        return index || unique ? [`CREATE ${unique ? "UNIQUE " : ""}INDEX ON ${table} (${column} NULLS FIRST)`] : [];
      return [
        ...(unique ? [`ALTER TABLE ${table} ADD EXCLUDE USING hash (${column} WITH =)`] : []),
        ...(index ? [`CREATE INDEX ON ${table} (${indexPrefixInSql(column)} NULLS FIRST)`] : []),
      ];
    })
    .join("; ");

/** The fields whose index contains prefixes. */
export const fieldsByIndexPrefix = (fields: Fields): ReadonlySet<string> =>
  new Set([...fields.values()].filter(({ type, index }) => type === "string" && index).map(({ name }) => name));

/** Converts a field's value to a PostgreSQL value. */
export const encode = ({ type }: Field, value: unknown): unknown =>
  value !== null && (type === "object" || type === "array") ? JSON.stringify(value) : storedText(value);

/** Returns a function that converts a result `[id, …fields]` to a row. */
export function rowDecoder(fields: Fields): (values: unknown[]) => Row {
  const plan = [...fields.values()].map(({ name, type }, index) => ({
    name,
    isJson: type === "object" || type === "array",
    at: index + 1,
  }));
  return (values) => {
    const row: Row = { id: givenText(values[0] as string) };
    for (const { name, isJson, at } of plan) {
      const value = values[at];
      row[name] = isJson && value !== null ? (JSON.parse(value as string) as unknown) : givenText(value);
    }
    return row;
  };
}

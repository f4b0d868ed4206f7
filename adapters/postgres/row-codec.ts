import type { Field, Fields, FieldType, Row } from "../../core/rows/fields.ts";
import { indexPrefixInSql } from "./index-prefix.ts";
import { quote } from "./schema.ts";
import { givenText, storedText } from "./stored-text.ts";

/** Texts order by their bytes, as everywhere. Dates and JSON stay the texts that they are. */
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
 * After the rows, where there are many to begin with. An index in order has no room for long texts: it keeps their
 * beginnings, and one of hashes says which are taken.
 */
export const createIndexes = (table: string, fields: Fields): string =>
  [...fields.values()]
    .flatMap(({ name, type, index, unique }) => {
      const column = quote(name);
      if (type !== "string")
        return index || unique ? [`CREATE ${unique ? "UNIQUE " : ""}INDEX ON ${table} (${column})`] : [];
      return [
        ...(unique ? [`ALTER TABLE ${table} ADD EXCLUDE USING hash (${column} WITH =)`] : []),
        ...(index ? [`CREATE INDEX ON ${table} (${indexPrefixInSql(column)})`] : []),
      ];
    })
    .join("; ");

/** The fields that have an index of beginnings. */
export const fieldsByBeginning = (fields: Fields): ReadonlySet<string> =>
  new Set([...fields.values()].filter(({ type, index }) => type === "string" && index).map(({ name }) => name));

/** A stored value as PostgreSQL takes it. */
export const encode = ({ type }: Field, value: unknown): unknown =>
  value !== null && (type === "object" || type === "array") ? JSON.stringify(value) : storedText(value);

/** Turns `[id, …fields]` into a row. */
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

import { DuplicateRowError, InvalidRowError } from "../../../core/errors/errors.ts";
import { missingFields, type Fields } from "../../../core/rows/fields.ts";
import { emptyRow, encode, type StoredRow } from "./row-codec.ts";
import type { RowSource } from "./row-set.ts";
import type { ColumnValue } from "./where.ts";
import type { RowChange } from "../../../core/rows/row-change.ts";

/** Applies changes to the rows of a table with these fields, and checks required and unique fields. */
export class RowChanges {
  readonly #fields: Fields;
  readonly uniqueFields: readonly string[];

  constructor(fields: Fields) {
    this.#fields = fields;
    // As SQLite does: if several values are taken, the error names the field declared last, and the id only if no field
    // is.
    this.uniqueFields = [...fields.values()].flatMap(({ name, unique }) => (unique ? [name] : [])).toReversed();
  }

  /** The row after the change; null if it was removed. @throws DuplicateRowError, InvalidRowError */
  after(rows: RowSource, change: RowChange): StoredRow | null {
    if (change.operation === "remove") return null;
    const { operation, id, values } = change;
    const there = rows.get(id);
    const before = (operation === "update" && there) || emptyRow(this.#fields, id);
    const row: StoredRow = { ...before, ...encode(this.#fields, values), id };
    const missing = missingFields(this.#fields, row);
    if (missing.length > 0) throw new InvalidRowError(missing);
    const own = operation === "update" ? id : null;
    for (const field of this.uniqueFields)
      if (isTaken(rows, field, row[field]!, own)) throw new DuplicateRowError(field, values[field]);
    if (operation === "create" && there) throw new DuplicateRowError("id", id);
    return row;
  }
}

/** Whether a row other than `own` has the value. Null is never taken. */
const isTaken = (rows: RowSource, field: string, value: ColumnValue, own: string | null): boolean =>
  value !== null && [...rows.having(field, value)!].some(({ id }) => id !== own);

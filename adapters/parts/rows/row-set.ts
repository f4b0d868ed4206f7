import type { Fields } from "../../../core/rows/fields.ts";
import type { StoredRow } from "./row-codec.ts";
import type { Source } from "./select.ts";
import type { ColumnValue } from "./where.ts";

/** Rows that can be scanned, and looked up by id and by indexed and unique fields. */
export interface RowSource extends Source<StoredRow> {
  get(id: string): StoredRow | undefined;
}

/** Rows by id, with an index for each field declared as `index` or `unique`. */
export class RowSet implements RowSource {
  readonly #rows = new Map<string, StoredRow>();
  readonly #indexes: ReadonlyMap<string, Map<ColumnValue, Set<StoredRow>>>;

  constructor(fields: Fields) {
    const indexed = [...fields.values()].filter(({ index, unique }) => index || unique);
    this.#indexes = new Map(indexed.map(({ name }) => [name, new Map<ColumnValue, Set<StoredRow>>()]));
  }

  get(id: string): StoredRow | undefined {
    return this.#rows.get(id);
  }

  all(): Iterable<StoredRow> {
    return this.#rows.values();
  }

  having(field: string, value: ColumnValue): Iterable<StoredRow> | undefined {
    if (field !== "id") {
      const index = this.#indexes.get(field);
      return index && (index.get(value) ?? []);
    }
    const row = this.#rows.get(value as string);
    return row ? [row] : [];
  }

  put(row: StoredRow): void {
    this.delete(row.id);
    this.#rows.set(row.id, row);
    for (const [field, index] of this.#indexes) {
      const value = row[field]!;
      const same = index.get(value);
      if (same) same.add(row);
      else index.set(value, new Set([row]));
    }
  }

  delete(id: string): void {
    const row = this.#rows.get(id);
    if (!row) return;
    this.#rows.delete(id);
    for (const [field, index] of this.#indexes) {
      const same = index.get(row[field]!)!;
      same.delete(row);
      if (same.size === 0) index.delete(row[field]!);
    }
  }
}

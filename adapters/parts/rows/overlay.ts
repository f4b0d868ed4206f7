import type { Fields } from "../../../core/rows/fields.ts";
import type { StoredRow } from "./row-codec.ts";
import { RowSet, type RowSource } from "./row-set.ts";
import type { ColumnValue } from "./where.ts";

/** The committed rows with a batch's changes on top. `commit` alone changes the committed rows. */
export class Overlay implements RowSource {
  readonly #committed: RowSet;
  readonly #changed: RowSet;
  readonly #removed = new Set<string>();

  constructor(committed: RowSet, fields: Fields) {
    this.#committed = committed;
    this.#changed = new RowSet(fields);
  }

  get(id: string): StoredRow | undefined {
    return this.#changed.get(id) ?? (this.#removed.has(id) ? undefined : this.#committed.get(id));
  }

  *all(): Iterable<StoredRow> {
    yield* this.#unchanged(this.#committed.all());
    yield* this.#changed.all();
  }

  having(field: string, value: ColumnValue): Iterable<StoredRow> | undefined {
    const committed = this.#committed.having(field, value);
    return committed && [...this.#unchanged(committed), ...this.#changed.having(field, value)!];
  }

  *#unchanged(rows: Iterable<StoredRow>): Iterable<StoredRow> {
    for (const row of rows) if (!this.#changed.get(row.id) && !this.#removed.has(row.id)) yield row;
  }

  /** Stores the row under the id, or removes it (null). Returns a function that undoes this. */
  set(id: string, row: StoredRow | null): () => void {
    const before = this.#changed.get(id) ?? (this.#removed.has(id) ? null : undefined);
    this.#replace(id, row);
    return () => this.#replace(id, before);
  }

  /** `undefined` restores the committed row. */
  #replace(id: string, row: StoredRow | null | undefined): void {
    if (row) this.#changed.put(row);
    else this.#changed.delete(id);
    if (row === null) this.#removed.add(id);
    else this.#removed.delete(id);
  }

  /** The rows that differ from the committed ones; null for a removed row. */
  *changes(): Iterable<[id: string, row: StoredRow | null]> {
    for (const id of this.#removed) yield [id, null];
    for (const row of this.#changed.all()) yield [row.id, row];
  }

  hasChanged(id: string): boolean {
    return this.#removed.has(id) || this.#changed.get(id) !== undefined;
  }

  commit(): void {
    for (const [id, row] of this.changes()) {
      if (row) this.#committed.put(row);
      else this.#committed.delete(id);
    }
  }
}

import type { Query } from "../../../core/query/query.ts";
import type { StoredRow } from "../rows/row-codec.ts";
import { RowSet } from "../rows/row-set.ts";
import type { Content } from "./row-store.ts";
import { matchingRows, type Source } from "./selection.ts";
import type { RowChange } from "../../../core/rows/row-change.ts";

const mostRows = 10_000;

/** A host's cache of committed rows that it has read or written. Valid until another host commits. */
export class RowCache {
  readonly #source: Source;
  readonly rows: RowSet;
  readonly #uniqueFields: readonly string[];
  /** True if a document exists for the id, including a tombstone. */
  readonly #exists = new Map<string, boolean>();
  readonly #wasEmpty: boolean;

  /**
   * @param wasEmpty the generation had no rows before this host's batches, so a row that is not cached does not exist
   */
  constructor(source: Source, uniqueFields: readonly string[], wasEmpty: boolean) {
    this.#source = source;
    this.#uniqueFields = uniqueFields;
    this.#wasEmpty = wasEmpty;
    this.rows = new RowSet(source.fields);
  }

  get isFull(): boolean {
    return this.#exists.size > mostRows;
  }

  exists(id: string): boolean {
    return this.#exists.get(id)!;
  }

  /** Loads the rows with the ids of the changes, and those with the changes' values of unique fields. */
  async loadFor(changes: readonly RowChange[]): Promise<void> {
    await this.load(changes.map(({ id }) => id));
    if (this.#wasEmpty) return;
    for (const field of this.#uniqueFields) {
      const values = changes.flatMap((change) =>
        change.operation === "remove" ? [] : [change.values[field] ?? null].filter((value) => value !== null),
      );
      if (values.length > 0) await this.#loadByField(field, values);
    }
  }

  async load(ids: readonly string[]): Promise<void> {
    const unknown = [...new Set(ids)].filter((id) => !this.#exists.has(id));
    if (unknown.length === 0) return;
    const found = this.#wasEmpty ? [] : await this.#source.documents.get(unknown);
    for (const id of unknown) this.#exists.set(id, false);
    for (const { id, content } of found) this.put(id, content);
  }

  async #loadByField(field: string, values: unknown[]): Promise<void> {
    const { type } = this.#source.fields.get(field)!;
    const where = { field, type, path: [], operator: "$in" as const, value: values };
    const query: Query = { where, sort: [], limit: null, offset: 0, search: null };
    for await (const row of matchingRows(this.#source, query)) this.put(row.id, row);
  }

  /** Null caches a tombstone. */
  put(id: string, content: Content | null): void {
    this.#exists.set(id, true);
    if (content) this.rows.put(content as StoredRow);
    else this.rows.delete(id);
  }
}

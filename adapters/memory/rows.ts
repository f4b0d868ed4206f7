import type { Fields, Row } from "../../core/fields.ts";
import type { Query } from "../../core/query.ts";
import type { Rows } from "../../core/read-table.ts";
import { decode } from "./row-codec.ts";
import type { RowSource } from "./row-set.ts";
import { matching, select } from "./select.ts";

/** The rows as one reader sees them. `source` is asked each time, and throws where the table is closed. */
export class MemoryRows implements Rows {
  readonly #source: () => RowSource;
  readonly #fields: Fields;

  constructor(source: () => RowSource, fields: Fields) {
    this.#source = source;
    this.#fields = fields;
  }

  find(query: Query): Row[] {
    return select(this.#source(), query, "id").map((row) => decode(this.#fields, row));
  }

  count(query: Query): number {
    return matching(this.#source(), query).length;
  }

  findByIds(ids: readonly string[]): Row[] {
    const source = this.#source();
    return ids
      .map((id) => source.get(id))
      .filter((row) => row !== undefined)
      .map((row) => decode(this.#fields, row));
  }
}

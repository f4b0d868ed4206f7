import type { Fields, Row } from "../../../core/rows/fields.ts";
import { Pace } from "../../../core/concurrency/pace.ts";
import type { Query } from "../../../core/query/query.ts";
import type { Rows } from "../../../core/table/read-table.ts";
import { decode, type StoredRow } from "./row-codec.ts";
import type { RowSource } from "./row-set.ts";
import { isLittle, isSmall, matching, matchingInTurns, select, selectInTurns } from "./select.ts";

/** Queries over rows in memory. Each query calls `source`, which throws if the table is closed. */
export class MemoryRows implements Rows {
  readonly #source: () => RowSource;
  readonly #fields: Fields;
  readonly #isCommitted: boolean;

  /** @param isCommitted large queries yield to the event loop; in a batch (false) every query is synchronous */
  constructor(source: () => RowSource, fields: Fields, isCommitted: boolean) {
    this.#source = source;
    this.#fields = fields;
    this.#isCommitted = isCommitted;
  }

  find(query: Query): Row[] | Promise<Row[]> {
    const source = this.#source();
    if (this.#isInOneGo(source, query)) return select(source, query, "id").map((row) => decode(this.#fields, row));
    const pace = new Pace();
    return selectInTurns(source, query, "id", pace).then((rows) => this.#decodeInTurns(rows, pace));
  }

  count(query: Query): number | Promise<number> {
    const source = this.#source();
    if (this.#isInOneGo(source, query)) return matching(source, query).length;
    return matchingInTurns(source, query).then(({ length }) => length);
  }

  findByIds(ids: readonly string[]): Row[] | Promise<Row[]> {
    const source = this.#source();
    const stored = ids.map((id) => source.get(id)).filter((row) => row !== undefined);
    if (!this.#isCommitted || isLittle(stored, 1)) return stored.map((row) => decode(this.#fields, row));
    return this.#decodeInTurns(stored, new Pace());
  }

  #isInOneGo(source: RowSource, query: Query): boolean {
    return !this.#isCommitted || isSmall(source, query);
  }

  async #decodeInTurns(stored: readonly StoredRow[], pace: Pace): Promise<Row[]> {
    const rows: Row[] = [];
    for (const row of stored) {
      rows.push(decode(this.#fields, row));
      if (pace.isDue()) await pace.turn();
    }
    return rows;
  }
}

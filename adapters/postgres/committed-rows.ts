import type { Row } from "../../core/rows/fields.ts";
import type { Query } from "../../core/query/query.ts";
import type { Rows } from "../../core/table/read-table.ts";
import { notLive } from "./table-schema.ts";
import { sqlStateOf } from "./errors.ts";

const undefinedTable = "42P01";

/** The rows of a generation or, once another host has switched, those of its successor. */
export class CommittedRows implements Rows {
  readonly #own: () => Rows;
  readonly #successor: (error: unknown) => Promise<Rows>;

  /** @param successor rejects if there is no successor */
  constructor(own: () => Rows, successor: (error: unknown) => Promise<Rows>) {
    this.#own = own;
    this.#successor = successor;
  }

  find(query: Query): Promise<Row[]> {
    return this.#ask((rows) => rows.find(query));
  }

  count(query: Query): Promise<number> {
    return this.#ask((rows) => rows.count(query));
  }

  findByIds(ids: readonly string[]): Promise<Row[]> {
    return this.#ask((rows) => rows.findByIds(ids));
  }

  async #ask<Answer>(ask: (rows: Rows) => Answer | Promise<Answer>): Promise<Answer> {
    try {
      return await ask(this.#own());
    } catch (error) {
      const code = sqlStateOf(error);
      if (code !== notLive && code !== undefinedTable) throw error;
      return ask(await this.#successor(error));
    }
  }
}

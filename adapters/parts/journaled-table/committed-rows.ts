import type { Fields, Row } from "../../../core/rows/fields.ts";
import type { Query } from "../../../core/query/query.ts";
import type { Rows } from "../../../core/table/read-table.ts";
import { decode, type StoredRow } from "../rows/row-codec.ts";
import type { Documents } from "./row-store.ts";
import { count, find, type Source } from "./selection.ts";

/**
 * The committed rows of a generation, or of its successor. Another host may switch to a successor and remove these rows
 * during a query, so a result counts only if the generation has no successor afterwards.
 */
export class CommittedRows implements Rows {
  readonly #source: Source;
  readonly #successor: () => Promise<Rows | null>;

  /** @param successor resolves to null while there is none */
  constructor(documents: Documents, fields: Fields, sortsByBytes: boolean, successor: () => Promise<Rows | null>) {
    this.#source = { documents, fields, sortsByBytes };
    this.#successor = successor;
  }

  find(query: Query): Promise<Row[]> {
    return this.#ask(
      () => find(this.#source, query),
      (rows) => rows.find(query),
    );
  }

  count(query: Query): Promise<number> {
    return this.#ask(
      () => count(this.#source, query),
      (rows) => rows.count(query),
    );
  }

  findByIds(ids: readonly string[]): Promise<Row[]> {
    return this.#ask(
      () => this.#findByIds(ids),
      (rows) => rows.findByIds(ids),
    );
  }

  async #findByIds(ids: readonly string[]): Promise<Row[]> {
    const { documents, fields } = this.#source;
    const byId = new Map((await documents.get(ids)).map(({ id, content }) => [id, content]));
    return ids.flatMap((id) => {
      const content = byId.get(id);
      return content ? [decode(fields, content as StoredRow)] : [];
    });
  }

  async #ask<Answer>(own: () => Promise<Answer>, other: (rows: Rows) => Answer | Promise<Answer>): Promise<Answer> {
    const [answer] = await Promise.allSettled([own()]);
    const successor = await this.#successor();
    if (successor) return other(successor);
    if (answer.status === "rejected") throw answer.reason;
    return answer.value;
  }
}

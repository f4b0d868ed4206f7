import type Database from "better-sqlite3";
import type { Fields, Row } from "../../core/rows/fields.ts";
import type { Query } from "../../core/query/query.ts";
import type { Rows } from "../../core/table/read-table.ts";
import { isBusy, whenFree } from "./busy.ts";
import { translate } from "./errors.ts";
import type { FileQueries } from "./file-queries.ts";
import { Queries } from "./queries.ts";
import type { Queried } from "./query-effort.ts";
import { quote, rowDecoder } from "./row-codec.ts";
import { filter, tail } from "./where.ts";

/** The rows as one connection sees them. */
export class SqliteRows implements Rows {
  readonly #file: string;
  readonly #queries: Queries;
  readonly #isCommitted: boolean;
  readonly #select: string;
  readonly #decode: (values: unknown[]) => Row;
  readonly #byId: Database.Statement;

  /** @param queries of the file, or null if the connection reads uncommitted rows */
  constructor(db: Database.Database, file: string, fields: Fields, queries: FileQueries | null) {
    this.#file = file;
    this.#queries = new Queries(db, queriedRows(fields), queries);
    this.#isCommitted = queries !== null;
    this.#select = `SELECT ${["id", ...fields.keys()].map(quote).join(", ")} FROM "rows"`;
    this.#decode = rowDecoder(fields);
    this.#byId = db.prepare(`${this.#select} WHERE id = ?`).raw(true);
  }

  find(query: Query): Row[] | Promise<Row[]> {
    const { text, values } = tail(query, "id");
    const sql = { text: `${this.#select} ${text}`, values };
    return this.#run(() => this.#queries.all(query, sql, this.#decode));
  }

  count(query: Query): number | Promise<number> {
    const { text, values } = filter(query);
    const sql = { text: `SELECT count(*) FROM "rows" ${text}`, values };
    return this.#run(() => this.#queries.count(query, sql));
  }

  findByIds(ids: readonly string[]): Row[] | Promise<Row[]> {
    return this.#run(() => this.#queries.byKeys(this.#byId, ids, this.#decode));
  }

  /** Retries reads of committed rows while another process has the file locked. A batch already holds the lock. */
  #run<Answer>(work: () => Answer | Promise<Answer>): Answer | Promise<Answer> {
    try {
      return work();
    } catch (error) {
      if (!this.#isCommitted || !isBusy(error)) throw translate(this.#file, error);
      return this.#runWhenFree(work);
    }
  }

  async #runWhenFree<Answer>(work: () => Answer | Promise<Answer>): Promise<Answer> {
    try {
      return await whenFree(work);
    } catch (error) {
      throw translate(this.#file, error);
    }
  }
}

function queriedRows(fields: Fields): Queried {
  const all = [...fields.values()];
  const indexed = all.filter(({ index, unique }) => index || unique).map(({ name }) => name);
  const texts = all.filter(({ type }) => ["string", "object", "array"].includes(type)).map(({ name }) => name);
  return { table: '"rows"', key: "id", indexed: new Set(["id", ...indexed]), texts };
}

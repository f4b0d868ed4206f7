import type Database from "better-sqlite3";
import type { Fields, Row } from "../../core/fields.ts";
import type { Query } from "../../core/query.ts";
import type { Rows } from "../../core/read-table.ts";
import { Statements, translate } from "./database.ts";
import { quote, rowDecoder } from "./row-codec.ts";
import { filter, tail } from "./where.ts";

/** The rows as one connection sees them. */
export class SqliteRows implements Rows {
  readonly #file: string;
  readonly #statements: Statements;
  readonly #select: string;
  readonly #decode: (values: unknown[]) => Row;
  readonly #byId: Database.Statement<unknown[], unknown[]>;

  constructor(db: Database.Database, file: string, fields: Fields) {
    this.#file = file;
    this.#statements = new Statements(db);
    this.#select = `SELECT ${["id", ...fields.keys()].map(quote).join(", ")} FROM "rows"`;
    this.#decode = rowDecoder(fields);
    this.#byId = (db.prepare(`${this.#select} WHERE id = ?`) as Database.Statement<unknown[], unknown[]>).raw(true);
  }

  find(query: Query): Row[] {
    const { text, values } = tail(query, "id");
    const rows: Row[] = [];
    for (const row of this.#all(`${this.#select} ${text}`, values)) rows.push(this.#decode(row));
    return rows;
  }

  count(query: Query): number {
    const { text, values } = filter(query);
    return this.#all(`SELECT count(*) FROM "rows" ${text}`, values)[0]![0] as number;
  }

  #all(sql: string, values: unknown[]): unknown[][] {
    try {
      return this.#statements.prepare(sql).all(...values);
    } catch (error) {
      throw translate(this.#file, error);
    }
  }

  findByIds(ids: readonly string[]): Row[] {
    try {
      const rows: Row[] = [];
      for (const id of ids) {
        const row = this.#byId.get(id);
        if (row !== undefined) rows.push(this.#decode(row));
      }
      return rows;
    } catch (error) {
      throw translate(this.#file, error);
    }
  }
}

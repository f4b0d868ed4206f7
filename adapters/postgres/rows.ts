import type { Fields, Row } from "../../core/rows/fields.ts";
import type { Query } from "../../core/query/query.ts";
import type { Rows } from "../../core/table/read-table.ts";
import type { Session } from "./connections.ts";
import { columnsOf, fieldsByBeginning, rowDecoder } from "./row-codec.ts";
import { count, find, type Source } from "./selection.ts";
import { storedText } from "./stored-text.ts";
import { translate } from "./errors.ts";

/** The rows of one table as one session sees them. */
export class PostgresRows implements Rows {
  readonly #location: string;
  readonly #session: () => Session;
  readonly #source: Source<Row>;

  /** @param guard a condition in SQL that is added to every query */
  constructor(location: string, session: () => Session, table: string, fields: Fields, guard = "true") {
    this.#location = location;
    this.#session = session;
    this.#source = {
      select: `SELECT ${columnsOf(fields)} FROM ${table} WHERE ${guard}`,
      tieBreaker: "id",
      byIndexPrefix: fieldsByBeginning(fields),
      decode: rowDecoder(fields),
    };
  }

  find(query: Query): Promise<Row[]> {
    return this.#run((session) => find(session, this.#source, query));
  }

  count(query: Query): Promise<number> {
    return this.#run((session) => count(session, this.#source, query));
  }

  findByIds(ids: readonly string[]): Promise<Row[]> {
    return this.#run(async (session) => {
      const stored = ids.map(storedText);
      const { rows } = await session.query(`${this.#source.select} AND id = ANY($1)`, [stored]);
      const byId = new Map(rows.map((row) => [row[0], row]));
      return stored.flatMap((id) => (byId.has(id) ? [this.#source.decode(byId.get(id)!)] : []));
    });
  }

  async #run<Answer>(work: (session: Session) => Promise<Answer>): Promise<Answer> {
    try {
      return await work(this.#session());
    } catch (error) {
      throw translate(this.#location, error);
    }
  }
}

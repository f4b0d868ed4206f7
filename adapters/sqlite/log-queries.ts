import type Database from "better-sqlite3";
import type { ReadStreamOptions, StreamSummary } from "../../core/event-log.ts";
import type { Query } from "../../core/query.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";
import { Statements } from "./database.ts";
import { columns, toEvent, type EventRow } from "./event-schema.ts";
import type { Links } from "./links.ts";
import { streamPage } from "./stream-page.ts";
import { filter, tail, unseen } from "./where.ts";

/** What an open file answers to a log's readers, but for the pages of the whole log. */
export class LogQueries {
  readonly #links: Links;
  readonly #statements: Statements;
  readonly #byId: Database.Statement;
  readonly #forward: Database.Statement;
  readonly #backward: Database.Statement;
  readonly #head: Database.Statement<[], number>;

  constructor(db: Database.Database, links: Links) {
    this.#links = links;
    this.#statements = new Statements(db);
    const select = `SELECT ${columns} FROM events`;
    this.#byId = db.prepare(`${select} WHERE id = ?`).raw(true);
    this.#forward = db
      .prepare(`${select} WHERE stream = ${unseen} AND version > ${unseen} ORDER BY version LIMIT ${unseen}`)
      .raw(true);
    this.#backward = db
      .prepare(`${select} WHERE stream = ${unseen} AND version < ${unseen} ORDER BY version DESC LIMIT ${unseen}`)
      .raw(true);
    this.#head = db.prepare<[], number>("SELECT ifnull(max(position), 0) FROM events").pluck();
  }

  byId(id: string): RecordedEvent | undefined {
    const row = this.#byId.get(id) as EventRow | undefined;
    return row && toEvent(row);
  }

  readStream(stream: string, options: ReadStreamOptions): RecordedEvent[] {
    const { forward, backward } = this.#links.has(stream)
      ? this.#links
      : { forward: this.#forward, backward: this.#backward };
    return streamPage(options.backward ? backward : forward, stream, options);
  }

  find(query: Query): RecordedEvent[] {
    const { text, values } = tail(query, "position");
    const rows = this.#statements.prepare(`SELECT ${columns} FROM events ${text}`).all(...values);
    return Array.from(rows as EventRow[], (row) => toEvent(row));
  }

  count(query: Query): number {
    const { text, values } = filter(query);
    if (text === "") return this.#head.get()!;
    return this.#statements.prepare(`SELECT count(*) FROM events ${text}`).get(...values)?.[0] as number;
  }

  findByIds(ids: readonly string[]): RecordedEvent[] {
    return ids.map((id) => this.byId(id)).filter((event) => event !== undefined);
  }

  streams({ category, after = "", limit }: { category?: string; after?: string; limit: number }): StreamSummary[] {
    if (category?.includes("-")) return [];
    // A category is the name itself or what begins with it and "-"; "." is the character after "-".
    const [where, values] =
      category === undefined
        ? ["stream > ?", [after]]
        : [
            "stream > ? AND stream >= ? AND stream < ? AND (stream = ? OR substr(stream, 1, ?) = ?)",
            [after, category, `${category}.`, category, [...category].length + 1, `${category}-`],
          ];
    const rows = this.#statements
      .prepare(
        `SELECT s.stream, s.version, e.time
         FROM (SELECT stream, max(version) AS version FROM events WHERE ${where} GROUP BY stream ORDER BY stream LIMIT ?) s
         JOIN events e ON e.stream = s.stream AND e.version = s.version ORDER BY s.stream`,
      )
      .all(...values, limit) as [string, number, string][];
    return Array.from(rows, ([stream, version, time]) => ({ stream, version, time }));
  }
}

import type Database from "better-sqlite3";
import type { ReadStreamOptions, StreamRange, StreamSummary } from "../../core/log/event-log.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import type { Query } from "../../core/query/query.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { compareText } from "../../core/text/text-order.ts";
import type { FileQueries } from "./file-queries.ts";
import { columns, toEvent, type EventRow } from "./event-schema.ts";
import type { Links } from "./links.ts";
import { Queries } from "./queries.ts";
import type { Queried } from "./query-effort.ts";
import { streamPage } from "./stream-page.ts";
import { filter, tail, unseen } from "./where.ts";

const queriedEvents: Queried = {
  table: "events",
  key: "position",
  indexed: new Set(["position", "id", "stream"]),
  texts: ["payload", "meta"],
};

const asEvent = (cells: unknown[]) => toEvent(cells as EventRow);

/** Reads from an open log: everything except pages of the whole log. */
export class LogQueries {
  readonly #links: Links;
  readonly #queries: Queries;
  readonly #byId: Database.Statement;
  readonly #forward: Database.Statement;
  readonly #backward: Database.Statement;
  readonly #nextName: Database.Statement<[string, string], string>;
  readonly #last: Database.Statement;
  readonly #head: Database.Statement<[], number>;

  constructor(db: Database.Database, links: Links, queries: FileQueries) {
    this.#links = links;
    this.#queries = new Queries(db, queriedEvents, queries);
    const select = `SELECT ${columns} FROM events`;
    this.#byId = db.prepare(`${select} WHERE id = ?`).raw(true);
    this.#forward = db
      .prepare(`${select} WHERE stream = ${unseen} AND version > ${unseen} ORDER BY version LIMIT ${unseen}`)
      .raw(true);
    this.#backward = db
      .prepare(`${select} WHERE stream = ${unseen} AND version < ${unseen} ORDER BY version DESC LIMIT ${unseen}`)
      .raw(true);
    this.#nextName = db
      .prepare<[string, string], string>(
        `SELECT stream FROM events WHERE stream >= ${unseen} AND stream > ${unseen} ORDER BY stream LIMIT 1`,
      )
      .pluck();
    this.#last = db
      .prepare(`SELECT version, time FROM events WHERE stream = ${unseen} ORDER BY version DESC LIMIT 1`)
      .raw(true);
    this.#head = db.prepare<[], number>("SELECT ifnull(max(position), 0) FROM events").pluck();
  }

  byId(id: string): RecordedEvent | undefined {
    const row = this.#byId.get(id) as EventRow | undefined;
    return row && toEvent(row);
  }

  readStream(stream: string, options: ReadStreamOptions): Promise<RecordedEvent[]> {
    const { forward, backward } = this.#links.has(stream)
      ? this.#links
      : { forward: this.#forward, backward: this.#backward };
    return streamPage(options.backward ? backward : forward, stream, options);
  }

  find(query: Query): RecordedEvent[] | Promise<RecordedEvent[]> {
    const { text, values } = tail(query, "position");
    return this.#queries.all(query, { text: `SELECT ${columns} FROM events ${text}`, values }, asEvent);
  }

  count(query: Query): number | Promise<number> {
    const { text, values } = filter(query);
    if (text === "") return this.#head.get()!;
    return this.#queries.count(query, { text: `SELECT count(*) FROM events ${text}`, values });
  }

  findByIds(ids: readonly string[]): RecordedEvent[] | Promise<RecordedEvent[]> {
    return this.#queries.byKeys(this.#byId, ids, asEvent);
  }

  /** Skips from name to name along the index, without reading the events of each stream. */
  async streams({ category, after = "", limit }: StreamRange): Promise<StreamSummary[]> {
    if (category?.includes("-")) return [];
    // The names of a category are the category itself and the names that start with it and "-". Names of other
    // categories may sort between the two.
    const prefix = category === undefined ? "" : `${category}-`;
    const summaries: StreamSummary[] = [];
    const take = (stream: string) => {
      const last = this.#last.get(stream) as [number, string] | undefined;
      if (last) summaries.push({ stream, version: last[0], time: last[1] });
    };
    if (category !== undefined && compareText(category, after) > 0) take(category);
    const pace = new Pace();
    for (let name = after; summaries.length < limit;) {
      const next = this.#nextName.get(prefix, name);
      if (!next?.startsWith(prefix)) break;
      take((name = next));
      if (pace.isDue()) await pace.turn();
    }
    return summaries;
  }
}

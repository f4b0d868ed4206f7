import type { ReadStreamOptions } from "../../core/event-log.ts";
import { maxPageBytes, pageBytesOf } from "../../core/page-size.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";
import type { Session } from "./connections.ts";
import { columns, sizeInSql, sizeOf, toEvent, type EventRow } from "./event-schema.ts";
import { SeenTypes } from "./seen-types.ts";

/** A stream has events of its own or links, never both: one of the two halves is empty. */
function pageInSql(schema: string, isBackward: boolean): string {
  const [sign, order] = isBackward ? ["<", "DESC"] : [">", "ASC"];
  const ofEvents = `SELECT ${columns}, NULL::bigint AS link, version AS number FROM ${schema}.events
    WHERE stream = $1 AND version ${sign} $2::bigint AND type <> ALL($4::text[]) ORDER BY version ${order} LIMIT $3`;
  const ofLinks = `SELECT ${columns.replaceAll(/\w+/g, "e.$&")}, l.version, l.version FROM ${schema}.links l
    JOIN ${schema}.events e ON e.position = l.position
    WHERE l.stream = $1 AND l.version ${sign} $2::bigint AND e.type <> ALL($4::text[]) ORDER BY l.version ${order} LIMIT $3`;
  return `
    SELECT ${columns}, link FROM (
      SELECT *, sum(${sizeInSql}) OVER (ORDER BY number ${order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM ((${ofEvents}) UNION ALL (${ofLinks})) both_halves
    ) sized WHERE before IS NULL OR before <= ${maxPageBytes} ORDER BY number ${order}`;
}

type StreamRow = [...EventRow, link: number | null];

/** Reads streams page by page. */
export class StreamPages {
  readonly #forward: string;
  readonly #backward: string;
  readonly #seen = new SeenTypes();

  constructor(schema: string) {
    this.#forward = pageInSql(schema, false);
    this.#backward = pageInSql(schema, true);
  }

  /** An empty page is the stream's end. */
  async read(session: Session, stream: string, options: ReadStreamOptions): Promise<RecordedEvent[]> {
    const { limit, backward, wanted } = options;
    const events: RecordedEvent[] = [];
    let bytes = 0;
    for (let { afterVersion } = options; ;) {
      const unwanted = this.#seen.unwanted(wanted);
      const sql = backward ? this.#backward : this.#forward;
      const { rows } = await session.query(sql, [stream, afterVersion, limit - events.length, unwanted]);
      for (const row of rows as StreamRow[]) {
        const [, , type, version] = row;
        const link = row[8];
        afterVersion = link ?? version;
        if (wanted) this.#seen.add(type);
        if (wanted && !wanted(type)) continue;
        bytes += sizeOf(row as unknown as EventRow) + (link === null ? 0 : pageBytesOf(stream, "", "", ""));
        if (bytes > maxPageBytes && events.length > 0) return events;
        const event = toEvent(row as unknown as EventRow);
        events.push(link === null ? event : { ...event, link: { stream, version: link } });
      }
      // Types that nobody had seen took the place of others: these are known now.
      const isDone = events.length > 0 && this.#seen.unwanted(wanted).length === unwanted.length;
      if (rows.length === 0 || events.length === limit || isDone) return events;
    }
  }
}

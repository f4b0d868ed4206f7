import type { ReadStreamOptions } from "../../core/log/event-log.ts";
import { maxPageBytes, pageBytesOf } from "../../core/log/page-size.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { Session } from "./connections.ts";
import { columns, sizeInSql, sizeOf, toEvent, type EventRow } from "./event-schema.ts";
import { SeenTypes } from "./seen-types.ts";

/** Size of the cache of the streams' kinds. */
const mostStreams = 10_000;

/** Maximum number of versions that one statement examines if not all are wanted. It bounds the statement's duration. */
const mostVersions = 10_000;

/** A stream contains either events of its own or links. This never changes. */
type Kind = "events" | "links";

const lastInSql = (schema: string, kind: Kind) =>
  `SELECT version FROM ${schema}.${kind} WHERE stream = $1 ORDER BY version DESC LIMIT 1`;

/**
 * Selects the events of one range of versions. The range is bounded at both ends: without statistics, a server may read
 * and sort everything that matches the condition, whatever the limit.
 */
function pageInSql(schema: string, kind: Kind, isBackward: boolean): string {
  const order = isBackward ? "DESC" : "ASC";
  const stretch = isBackward
    ? `< $2::bigint AND version >= least($2::bigint, (${lastInSql(schema, kind)}) + 1) - $5::bigint`
    : `> $2::bigint AND version <= $2::bigint + $5::bigint`;
  const [from, of] =
    kind === "events"
      ? [`${schema}.events e`, "e"]
      : [`${schema}.links l JOIN ${schema}.events e ON e.position = l.position`, "l"];
  const size = sizeInSql.replaceAll(/payload|meta/g, "e.$&");
  return `
    SELECT ${columns}, number FROM (
      SELECT ${columns.replaceAll(/\w+/g, "e.$&")}, ${of}.version AS number,
        sum(${size}) OVER (ORDER BY ${of}.version ${order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM ${from} WHERE ${of}.stream = $1 AND ${of}.version ${stretch.replaceAll("AND version", `AND ${of}.version`)} AND e.type <> ALL($4::text[])
      ORDER BY ${of}.version ${order} LIMIT $3
    ) sized WHERE before IS NULL OR before <= ${maxPageBytes} ORDER BY number ${order}`;
}

type StreamRow = [...EventRow, number: number];

/** Reads streams page by page. */
export class StreamPages {
  readonly #sql: Record<Kind, { forward: string; backward: string; last: string }>;
  readonly #seen = new SeenTypes();
  readonly #kinds = new Map<string, Kind>();

  constructor(schema: string) {
    const both = (kind: Kind) => ({
      forward: pageInSql(schema, kind, false),
      backward: pageInSql(schema, kind, true),
      last: lastInSql(schema, kind),
    });
    this.#sql = { events: both("events"), links: both("links") };
  }

  /** Returns an empty page at the stream's end. */
  async read(session: Session, stream: string, options: ReadStreamOptions): Promise<RecordedEvent[]> {
    const known = this.#kinds.get(stream);
    if (known) return this.#read(session, stream, known, options);
    for (const kind of ["events", "links"] as const) {
      const events = await this.#read(session, stream, kind, options);
      if (events.length === 0) continue;
      if (this.#kinds.size >= mostStreams) this.#kinds.clear();
      this.#kinds.set(stream, kind);
      return events;
    }
    return [];
  }

  async #read(
    session: Session,
    stream: string,
    kind: Kind,
    { afterVersion: first, limit, backward, wanted, onDamaged }: ReadStreamOptions,
  ): Promise<RecordedEvent[]> {
    const sql = this.#sql[kind][backward ? "backward" : "forward"];
    const events: RecordedEvent[] = [];
    let bytes = 0;
    for (let afterVersion = first; ;) {
      const unwanted = this.#seen.unwanted(wanted);
      // If all events are wanted, a page needs no more versions than events.
      const stretch = unwanted.length === 0 ? limit : mostVersions;
      const { rows } = await session.query(sql, [stream, afterVersion, limit - events.length, unwanted, stretch]);
      for (const row of rows as StreamRow[]) {
        const event = row as unknown as EventRow;
        const [type, version] = [event[2], row[8]];
        afterVersion = version;
        if (wanted) this.#seen.add(type);
        if (wanted && !wanted(type)) continue;
        bytes += sizeOf(event) + (kind === "events" ? 0 : pageBytesOf(stream, "", "", ""));
        if (bytes > maxPageBytes && events.length > 0) return events;
        const read = toEvent(event, onDamaged);
        events.push(kind === "events" ? read : { ...read, link: { stream, version } });
      }
      // The page was full of unwanted types that were unknown before. The next statement excludes them.
      const isDone = events.length > 0 && this.#seen.unwanted(wanted).length === unwanted.length;
      if (events.length === limit || isDone) return events;
      if (rows.length > 0) continue;
      const next =
        events.length > 0 || unwanted.length === 0
          ? null
          : await this.#behind(session, stream, kind, afterVersion, stretch, backward);
      if (next === null) return events;
      afterVersion = next;
    }
  }

  /** Returns where to continue after a range without a wanted event, or null at the stream's end. */
  async #behind(
    session: Session,
    stream: string,
    kind: Kind,
    after: number,
    stretch: number,
    isBackward = false,
  ): Promise<number | null> {
    const { rows } = await session.query(this.#sql[kind].last, [stream]);
    const last = (rows[0]?.[0] as number | undefined) ?? 0;
    const next = isBackward ? Math.min(after, last + 1) - stretch : after + stretch;
    return (isBackward ? next > 1 : next < last) ? next : null;
  }
}

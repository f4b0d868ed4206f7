import type { Page, ReadOptions } from "../../core/log/event-log.ts";
import { maxPageBytes } from "../../core/log/page-size.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { Session } from "./connections.ts";
import { columns, sizeInSql, sizeOf, toEvent, type EventRow } from "./event-schema.ts";
import { SeenTypes } from "./seen-types.ts";

/** Maximum number of positions that one page examines if not all are wanted. It bounds the duration of a statement. */
const mostPositions = 10_000;

/**
 * Selects the head and the events of one range of positions, up to a page's size in bytes, or one row without an event.
 * Both come from one snapshot, so a page that ends at the head is complete. (LIMIT 1 tells the planner that there is
 * one head.)
 */
const pageInSql = (schema: string, isBackward: boolean) => `
  SELECT ${columns.replaceAll(/\w+/g, "p.$&")}, h.position FROM (SELECT position FROM ${schema}.head LIMIT 1) h LEFT JOIN LATERAL (
    SELECT * FROM (
      SELECT ${columns}, sum(${sizeInSql}) OVER (ORDER BY position${isBackward ? " DESC" : ""} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM ${schema}.events WHERE ${
        isBackward
          ? `position < $1::bigint AND position >= least($1::bigint, h.position + 1) - $5::bigint`
          : `position > $1::bigint AND position <= $1::bigint + $5::bigint`
      }
        AND type <> ALL($3::text[]) AND ($4::text IS NULL OR split_part(stream, '-', 1) = $4)
      ORDER BY position${isBackward ? " DESC" : ""} LIMIT $2
    ) stretch WHERE before IS NULL OR before <= ${maxPageBytes}
  ) p ON true`;

type PageRow = [...EventRow, head: number];

/** Reads the log page by page. */
export class LogPages {
  readonly #forward: string;
  readonly #backward: string;
  readonly #seen = new SeenTypes();

  constructor(schema: string) {
    this.#forward = pageInSql(schema, false);
    this.#backward = pageInSql(schema, true);
  }

  async read(session: Session, options: ReadOptions): Promise<Page> {
    for (let { after } = options; ;) {
      const unwanted = this.#seen.unwanted(options.wanted);
      const page = await this.#page(session, { ...options, after }, unwanted);
      // The page was full of unwanted types that were unknown before. The next statement excludes them.
      if (page.events.length > 0 || page.end || page.position === after) return page;
      if (this.#seen.unwanted(options.wanted).length === unwanted.length) return page;
      after = page.position;
    }
  }

  async #page(
    session: Session,
    { after, limit, backward = false, wanted, category, onDamaged }: ReadOptions,
    unwanted: readonly string[],
  ): Promise<Page> {
    // If all events are wanted, a page needs no more positions than events.
    const stretch = unwanted.length === 0 && category === undefined ? limit : mostPositions;
    const { rows } = await session.query(backward ? this.#backward : this.#forward, [
      after,
      limit,
      unwanted,
      category ?? null,
      stretch,
    ]);
    const head = rows[0]![8] as number;
    const events: RecordedEvent[] = [];
    let position = after;
    let bytes = 0;
    let sawUnwanted = false;
    // The rows are sorted already, but SQL guarantees the order of the inner statement only.
    const found = (rows as PageRow[]).filter(([position]) => position !== null);
    found.sort(([a], [b]) => (backward ? b - a : a - b));
    for (const row of found) {
      const event = row as unknown as EventRow;
      if (wanted) this.#seen.add(event[2]);
      if (!wanted || wanted(event[2])) {
        bytes += sizeOf(event);
        if (bytes > maxPageBytes && events.length > 0) return { events, position, end: false };
        events.push(toEvent(event, onDamaged));
      } else sawUnwanted = true;
      position = event[0];
    }
    // A page that the server has cut by size is cut above as well, unless the cut rows are unwanted.
    if (found.length === limit || bytes > maxPageBytes || sawUnwanted)
      return { events, position, end: backward ? position <= 1 : position >= head };
    return { events, ...endOfStretch(after, head, stretch, backward) };
  }
}

/** The end of a range whose events all fit in the page. */
function endOfStretch(
  after: number,
  head: number,
  stretch: number,
  isBackward: boolean,
): { position: number; end: boolean } {
  if (isBackward) {
    const lowest = Math.min(after, head + 1) - stretch;
    return { position: Math.min(after, Math.max(lowest, 1)), end: lowest <= 1 };
  }
  const position = Math.max(after, Math.min(after + stretch, head));
  return { position, end: position >= head };
}

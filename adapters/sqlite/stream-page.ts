import type Database from "better-sqlite3";
import type { ReadStreamOptions } from "../../core/log/event-log.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import { maxPageBytes, pageBytesOf } from "../../core/log/page-size.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { toEvent, type EventRow } from "./event-schema.ts";

const maxRowsPerStep = 100;
const textPerStep = 256 * 1024;

/** The number of rows that the first step reads at most. */
export const firstRows = 50;

/** How many rows the next step reads: few at first, and few if those of the last step were large. */
export function nextRows(last: number, rows: readonly EventRow[]): number {
  const text = rows.reduce((sum, row) => sum + row[6].length + row[7].length, 1);
  const fitting = Math.floor((rows.length * textPerStep) / text);
  return Math.max(1, Math.min(maxRowsPerStep, last * 4, fitting));
}

/**
 * Reads a page of a stream. The statement takes stream, version and limit. If few events are wanted, the page examines
 * the whole stream in steps and yields to the event loop between them.
 */
export async function streamPage(
  statement: Database.Statement,
  stream: string,
  { afterVersion, limit, wanted, onDamaged }: ReadStreamOptions,
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  let most = Math.min(limit, firstRows);
  let version = afterVersion;
  let bytes = 0;
  const pace = new Pace();
  while (events.length < limit && bytes < maxPageBytes) {
    const step = wanted ? most : Math.min(most, limit - events.length);
    const rows = statement.all(stream, version, step) as EventRow[];
    for (const row of rows) {
      const link = row[8];
      version = link ?? row[3];
      if (wanted && !wanted(row[2])) continue;
      bytes += pageBytesOf(row[4], row[2], row[6], row[7]);
      if (link !== undefined) bytes += pageBytesOf(stream, "", "", "");
      if (events.length === limit || (bytes > maxPageBytes && events.length > 0)) return events;
      const event = toEvent(row, onDamaged);
      events.push(link === undefined ? event : { ...event, link: { stream, version: link } });
    }
    if (rows.length < step) break;
    most = nextRows(most, rows);
    if (pace.isDue()) await pace.turn();
  }
  return events;
}

import type Database from "better-sqlite3";
import type { ReadStreamOptions } from "../../core/event-log.ts";
import { maxPageBytes, pageBytesOf } from "../../core/page-size.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";
import { toEvent, type EventRow } from "./event-schema.ts";
import { rowsPerStep, sizeOf } from "./log-file.ts";

/** In a stream of links, its version there comes last. */
type StreamRow = [...event: EventRow, link?: number];

/** A page of a stream; the statement takes stream, version and limit. */
export function streamPage(
  statement: Database.Statement,
  stream: string,
  { afterVersion, limit, wanted }: ReadStreamOptions,
): RecordedEvent[] {
  const events: RecordedEvent[] = [];
  const step = Math.min(rowsPerStep, limit);
  let version = afterVersion;
  let bytes = 0;
  while (events.length < limit && bytes < maxPageBytes) {
    const rows = statement.all(stream, version, step) as unknown[] as StreamRow[];
    for (const row of rows) {
      const link = row[8];
      version = link ?? row[3];
      if (wanted && !wanted(row[2])) continue;
      bytes += sizeOf(row as unknown as EventRow) + (link === undefined ? 0 : pageBytesOf(stream, "", "", ""));
      if (events.length === limit || (bytes > maxPageBytes && events.length > 0)) return events;
      const event = toEvent(row as unknown as EventRow);
      events.push(link === undefined ? event : { ...event, link: { stream, version: link } });
    }
    if (rows.length < step) break;
  }
  return events;
}

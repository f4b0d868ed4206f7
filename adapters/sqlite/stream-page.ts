import type Database from "better-sqlite3";
import type { ReadStreamOptions } from "../../core/log/event-log.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import { maxPageBytes, pageBytesOf } from "../../core/log/page-size.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { toEvent, type EventRow } from "./event-schema.ts";

const maxRowsPerStep = 100;
const textPerStep = 256 * 1024;

/** How many rows one step reads: few at first, and few if the rows are large. */
export class StepSize {
  rows: number;

  constructor(limit: number) {
    this.rows = Math.min(limit, 50);
  }

  /** Adapts the next step to the rows of the last one. */
  note(rows: readonly EventRow[]): void {
    const text = rows.reduce((sum, row) => sum + row[6].length + row[7].length, 1);
    const fitting = Math.floor((rows.length * textPerStep) / text);
    this.rows = Math.max(1, Math.min(maxRowsPerStep, this.rows * 4, fitting));
  }
}

export const sizeOf = (row: EventRow) => pageBytesOf(row[4], row[2], row[6], row[7]);

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
  const size = new StepSize(limit);
  let version = afterVersion;
  let bytes = 0;
  const pace = new Pace();
  while (events.length < limit && bytes < maxPageBytes) {
    const step = wanted ? size.rows : Math.min(size.rows, limit - events.length);
    const rows = statement.all(stream, version, step) as EventRow[];
    for (const row of rows) {
      const link = row[8];
      version = link ?? row[3];
      if (wanted && !wanted(row[2])) continue;
      bytes += sizeOf(row) + (link === undefined ? 0 : pageBytesOf(stream, "", "", ""));
      if (events.length === limit || (bytes > maxPageBytes && events.length > 0)) return events;
      const event = toEvent(row, onDamaged);
      events.push(link === undefined ? event : { ...event, link: { stream, version: link } });
    }
    if (rows.length < step) break;
    size.note(rows);
    if (pace.isDue()) await pace.turn();
  }
  return events;
}

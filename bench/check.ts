import Database from "better-sqlite3";
import { deepStrictEqual } from "node:assert/strict";
import { eventsPerStream, eventType, sumBelow } from "./events.ts";

function ask(file: string, sql: string): unknown {
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare(sql).get();
  } finally {
    db.close();
  }
}

/**
 * Checks that the file contains the events with the numbers below `events`, each once, in contiguous versions and
 * positions.
 */
export function checkLog(file: string, events: number): void {
  const found = ask(
    file,
    `SELECT count(*) AS events, max(position) AS head, sum(payload ->> 'amount') AS sum,
     (SELECT count(*) FROM (SELECT 1 FROM events GROUP BY stream HAVING min(version) <> 1 OR max(version) <> count(*)))
       AS brokenStreams FROM events`,
  );
  deepStrictEqual({ ...(found as object) }, { events, head: events, sum: sumBelow(events), brokenStreams: 0 });
}

/** The same check of Emmett's tables. */
export function checkEmmettLog(file: string, events: number): void {
  const found = ask(
    file,
    `SELECT count(*) AS events, max(global_position) AS head, sum(message_data ->> 'amount') AS sum,
     (SELECT count(*) FROM (SELECT 1 FROM emt_messages GROUP BY stream_id
       HAVING min(stream_position) <> 1 OR max(stream_position) <> count(*))) AS brokenStreams FROM emt_messages`,
  );
  deepStrictEqual({ ...(found as object) }, { events, head: events, sum: sumBelow(events), brokenStreams: 0 });
}

/**
 * Checks a table folded from a fixture of this size: one row per stream, with the sum of all its events if the
 * transform queried its own table, otherwise of the last one.
 */
export function checkTable(file: string, events: number, { queried }: { queried: boolean }): void {
  const found = ask(
    file,
    `SELECT count(*) AS rows, sum(total) AS sum, sum(events) AS events,
     (SELECT position FROM checkpoint) AS position FROM "rows"`,
  );
  deepStrictEqual({ ...(found as object) }, { ...foldedRows(events, queried), position: events });
}

/**
 * Checks a copy of a fixture's table after the log up to this position: each event has increased the amount of another
 * row by one.
 */
export function checkSnapshot(
  file: string,
  log: string | null,
  { rows, position }: { rows: number; position: number },
): void {
  const changes = `SELECT count(*) AS changes FROM events WHERE type = '${eventType}' AND position <= ${position}`;
  const { changes: changed } = (log === null ? { changes: 0 } : ask(log, changes)) as { changes: number };
  const found = ask(
    file,
    `SELECT count(*) AS rows, sum(amount) AS sum, (SELECT position FROM checkpoint) AS position FROM "rows"`,
  );
  deepStrictEqual({ ...(found as object) }, { rows, sum: sumBelow(rows) + changed, position });
}

/** The totals of a fixture's table. The fixture's streams take turns, so the last events are the end of it. */
export function foldedRows(events: number, queried: boolean): { rows: number; sum: number; events: number } {
  const rows = events / eventsPerStream;
  return queried
    ? { rows, sum: sumBelow(events), events }
    : { rows, sum: sumBelow(events) - sumBelow(events - rows), events: rows };
}

/** @throws if the found value differs from the expected one */
export function expectSame<Value>(what: string, found: Value, expected: Value): void {
  deepStrictEqual(found, expected, `${what}: found ${String(found)}, expected ${String(expected)}`);
}

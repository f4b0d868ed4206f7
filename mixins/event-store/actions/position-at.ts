import { ValidationError } from "../../../core/errors/errors.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import { isoDate } from "../../../core/rows/fields.ts";

/**
 * The position of the last event at or before a time; 0 before the first. Times never decrease with the position, so a
 * binary search suffices: it reads 20 of a million events.
 */
export async function positionAt(log: EventLog, time: unknown): Promise<number> {
  const moment = isoDate(time);
  if (moment === undefined) throw new ValidationError([{ field: "time", found: time, expected: "an ISO 8601 time" }]);
  let [from, to] = [0, await log.head()];
  while (from < to) {
    const middle = Math.ceil((from + to) / 2);
    const [event] = (await log.read({ after: middle - 1, limit: 1 })).events;
    if (event && event.time <= moment) from = middle;
    else to = middle - 1;
  }
  return from;
}

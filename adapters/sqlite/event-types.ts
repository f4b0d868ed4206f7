import type Database from "better-sqlite3";
import type { EventType } from "../../core/log/event-log.ts";

/** The events up to the last multiple of this are counted in the table `types`, those after it when they are asked for. */
const counted = 1000;
const end = (head: number) => head - (head % counted);

/** How many events of each type a log has. A commit pays for it once in `counted` events. */
export class EventTypes {
  readonly #add: Database.Statement<[number, number]>;
  readonly #list: Database.Statement<[number, number], [string, number]>;

  constructor(db: Database.Database) {
    this.#add = db.prepare(
      `INSERT INTO types SELECT type, count(*) FROM events WHERE position > ? AND position <= ? GROUP BY type
       ON CONFLICT (type) DO UPDATE SET count = count + excluded.count`,
    );
    this.#list = db
      .prepare<[number, number], [string, number]>(
        `SELECT type, sum(count) FROM (
           SELECT type, count FROM types
           UNION ALL SELECT type, count(*) FROM events WHERE position > ? GROUP BY type
         ) GROUP BY type ORDER BY type LIMIT ?`,
      )
      .raw(true);
  }

  /** Called in the transaction that has stored the events from `before` to `head`. */
  stored(before: number, head: number): void {
    if (end(head) > end(before)) this.#add.run(end(before), end(head));
  }

  list(head: number, limit: number): EventType[] {
    return Array.from(this.#list.all(end(head), limit), ([type, count]) => ({ type, count }));
  }
}

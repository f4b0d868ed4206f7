import type { EventRow } from "./event-schema.ts";

const maxRows = 1000;
/** Total length of the payloads and metas, in UTF-16 units. */
const maxText = 1024 * 1024;

/**
 * A cache of the last committed rows. Consumers read new events right after each commit. Without the cache, that query
 * would take half as long as everything else that a single append does apart from the disk.
 */
export class RecentRows {
  #rows: EventRow[] = [];
  #text = 0;
  /** Index of the first valid row. Rows before it are removed once they are the majority. */
  #first = 0;

  /** @param rows continue at the position after the rows that were added before */
  add(rows: readonly EventRow[]): void {
    for (const row of rows) {
      this.#rows.push(row);
      this.#text += row[6].length + row[7].length;
    }
    while (this.#rows.length - this.#first > maxRows || this.#text > maxText) {
      const row = this.#rows[this.#first++]!;
      this.#text -= row[6].length + row[7].length;
    }
    if (this.#first * 2 > this.#rows.length) {
      this.#rows = this.#rows.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Returns null if the row after the position is not in the cache. */
  after(position: number, limit: number): EventRow[] | null {
    const first = this.#rows[this.#first];
    if (!first || position < first[0] - 1) return null;
    const from = this.#first + position - first[0] + 1;
    return this.#rows.slice(from, from + limit);
  }
}

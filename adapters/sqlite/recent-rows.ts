import type { EventRow } from "./event-schema.ts";

const maxRows = 1000;
/** Of payloads and metas, in UTF-16 units. */
const maxText = 1024 * 1024;

const textOf = (row: EventRow) => row[6].length + row[7].length;

/**
 * The rows that were committed last. Whoever follows the log asks for these at once, and a statement of its own would
 * take as long as half of everything else that a lone append does outside of the disk.
 */
export class RecentRows {
  #rows: EventRow[] = [];
  #text = 0;
  /** Index of the first that counts; those before it go when they are the most. */
  #first = 0;

  /** @param rows follow those that were added before, position by position */
  add(rows: readonly EventRow[]): void {
    for (const row of rows) {
      this.#rows.push(row);
      this.#text += textOf(row);
    }
    while (this.#rows.length - this.#first > maxRows || this.#text > maxText)
      this.#text -= textOf(this.#rows[this.#first++]!);
    if (this.#first * 2 > this.#rows.length) {
      this.#rows = this.#rows.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Null where the first row after the position is no longer, or not yet, among these. */
  after(position: number, limit: number): EventRow[] | null {
    const first = this.#rows[this.#first];
    if (!first || position < first[0] - 1) return null;
    const from = this.#first + position - first[0] + 1;
    return this.#rows.slice(from, from + limit);
  }
}

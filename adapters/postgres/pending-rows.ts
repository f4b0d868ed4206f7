import type { Session } from "./connections.ts";
import type { RowWriter } from "./row-writer.ts";
import type { RowChange } from "../../core/rows/row-change.ts";

/** Limits of one statement, so that it ends within its time limit. */
const mostRows = 1000;
const mostCharacters = 2 ** 22;

/**
 * Buffers changes that cannot fail. They are sent before a read, or before a change that can fail, and then share one
 * round trip.
 */
export class PendingRows {
  readonly #writer: RowWriter;
  /** Values as they are sent, by id. */
  readonly #values = new Map<string, Record<string, unknown>>();
  #characters = 0;

  constructor(writer: RowWriter) {
    this.#writer = writer;
  }

  /** Buffers all changes and returns true, or none and returns false. */
  take(changes: readonly RowChange[]): boolean {
    if (this.#values.size >= mostRows || this.#characters >= mostCharacters) return false;
    const all: Record<string, unknown>[] = [];
    for (const change of changes) {
      const values = this.#writer.certain(change);
      if (!values) return false;
      all.push(values);
    }
    changes.forEach(({ id }, index) => {
      this.#values.set(id, { ...this.#values.get(id), ...all[index] });
      for (const value of Object.values(all[index]!)) if (typeof value === "string") this.#characters += value.length;
    });
    return true;
  }

  /** Sends the buffered changes. Statements that are sent after this call run after them. */
  async send(session: Session): Promise<void> {
    if (this.#values.size === 0) return;
    const alike = Map.groupBy(this.#values, ([, values]) => Object.keys(values).toSorted().join());
    this.drop();
    await Promise.all([...alike.values()].map((rows) => this.#writer.writeAlike(session, rows)));
  }

  drop(): void {
    this.#values.clear();
    this.#characters = 0;
  }
}

import type { Session } from "./connections.ts";
import type { RowWriter } from "./row-writer.ts";
import type { RowChange } from "../../core/rows/row-change.ts";

/** So many rows go in one statement, or so much text: a statement has to be done in time. */
const mostRows = 1000;
const mostCharacters = 2 ** 22;

/**
 * Changes that no row can refuse. They are kept until somebody looks, or a change comes that has to be tried: all of
 * them then take one way to the server instead of one each.
 */
export class PendingRows {
  readonly #writer: RowWriter;
  /** As they are sent. */
  readonly #values = new Map<string, Record<string, unknown>>();
  #characters = 0;

  constructor(writer: RowWriter) {
    this.#writer = writer;
  }

  /** Takes all of the changes or, answering false, none. */
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

  /** Whatever is sent after this call comes after them. */
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

import type { RowChange } from "../../core/read-table.ts";
import type { Session } from "./connections.ts";
import type { RowWriter } from "./row-writer.ts";

/** So many rows go in one statement. */
const most = 1000;

/**
 * Changes that no row can refuse. They are kept until somebody looks, or a change comes that has to be tried: all of
 * them then take one way to the server instead of one each.
 */
export class PendingRows {
  readonly #writer: RowWriter;
  readonly #values = new Map<string, Record<string, unknown>>();

  constructor(writer: RowWriter) {
    this.#writer = writer;
  }

  /** Takes all of the changes or, answering false, none. @throws InvalidRowError */
  take(changes: readonly RowChange[]): boolean {
    if (this.#values.size >= most || !changes.every((change) => this.#writer.isCertain(change))) return false;
    for (const change of changes)
      if (change.operation !== "remove")
        this.#values.set(change.id, { ...this.#values.get(change.id), ...change.values });
    return true;
  }

  /** Whatever is sent after this call comes after them. */
  async send(session: Session): Promise<void> {
    if (this.#values.size === 0) return;
    const alike = Map.groupBy(this.#values, ([, values]) => Object.keys(values).toSorted().join());
    this.#values.clear();
    await Promise.all([...alike.values()].map((rows) => this.#writer.writeAlike(session, rows)));
  }

  drop(): void {
    this.#values.clear();
  }
}

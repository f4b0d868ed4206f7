import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import type { Batch, ParkedStream, Progress } from "../../../core/table/read-table.ts";
import { Overlay } from "./overlay.ts";
import { RowChanges } from "./row-changes.ts";
import { MemoryRows } from "./rows.ts";
import type { StoredGeneration } from "./stored-generation.ts";
import type { RowChange } from "../../../core/rows/row-change.ts";

/** A batch in memory. Only its own queries see its changes before the commit. */
export class MemoryBatch implements Batch {
  readonly rows: MemoryRows;
  readonly #stored: StoredGeneration;
  readonly #location: string;
  readonly #changes: RowChanges;
  readonly #overlay: Overlay;
  /** Parked events as JSON, by id; null if the event was unparked. */
  readonly #parked = new Map<string, string | null>();
  /** Functions that undo the changes since the last mark, in the order of the changes. */
  readonly #undo: (() => void)[] = [];
  #hasEnded = false;

  constructor(stored: StoredGeneration, location: string) {
    const { fields, rows } = stored;
    this.#stored = stored;
    this.#location = location;
    this.#changes = new RowChanges(fields);
    this.#overlay = new Overlay(rows, fields);
    this.rows = new MemoryRows(() => this.#running(), fields, false);
  }

  #running(): Overlay {
    if (this.#hasEnded) throw new StoreUnavailableError(this.#location, "the batch has ended");
    return this.#overlay;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  apply(changes: readonly RowChange[]): void {
    const overlay = this.#running();
    const before = this.#undo.length;
    try {
      for (const change of changes) this.#undo.push(overlay.set(change.id, this.#changes.after(overlay, change)));
    } catch (error) {
      this.#backTo(before);
      throw error;
    }
  }

  mark(): void {
    this.#running();
    this.#undo.length = 0;
  }

  undo(): void {
    this.#backTo(0);
  }

  #backTo(length: number): void {
    while (this.#undo.length > length) this.#undo.pop()!();
  }

  park(event: ParkedStream): void {
    this.#setParked(event.id, JSON.stringify(event));
  }

  unpark(id: string): void {
    this.#setParked(id, null);
  }

  #setParked(id: string, text: string | null): void {
    this.#running();
    const before = this.#parked.get(id);
    this.#parked.set(id, text);
    this.#undo.push(() => (before === undefined ? this.#parked.delete(id) : this.#parked.set(id, before)));
  }

  commit(progress: Progress): void {
    this.#running().commit();
    this.#hasEnded = true;
    for (const [id, text] of this.#parked) {
      if (text === null) this.#stored.parked.delete(id);
      else this.#stored.parked.set(id, text);
    }
    this.#stored.progress = { ...progress };
  }

  rollback(): void {
    this.#hasEnded = true;
  }
}

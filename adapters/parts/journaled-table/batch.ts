import { described, show } from "../../../core/errors/problem.ts";
import { InvalidRowError, StoreUnavailableError } from "../../../core/errors/errors.ts";
import type { Fields, Row } from "../../../core/rows/fields.ts";
import type { Query } from "../../../core/query/query.ts";
import type { Batch, ParkedStream, Progress, Rows } from "../../../core/table/read-table.ts";
import { Overlay } from "../rows/overlay.ts";
import type { RowChanges } from "../rows/row-changes.ts";
import { decode, type StoredRow } from "../rows/row-codec.ts";
import type { RowCache } from "./row-cache.ts";
import type { Write } from "./row-store.ts";
import { count, find, type Source } from "./selection.ts";
import type { RowChange } from "../../../core/rows/row-change.ts";

/** The parts of a generation that its batch uses. */
export interface BatchOf {
  location: string;
  maxBytes: number;
  source: Source;
  changes: RowChanges;
  cache: RowCache;
  commit: (writes: Write[], progress: Progress) => Promise<void>;
}

/** A batch that keeps its changes in memory, where only its own queries see them, and writes them at the commit. */
export class JournaledBatch implements Batch, Rows {
  readonly #of: BatchOf;
  readonly #overlay: Overlay;
  /** By id; null if the event was unparked. */
  readonly #parked = new Map<string, ParkedStream | null>();
  /** Functions that undo the changes since the last mark, in the order of the changes. */
  readonly #undo: (() => void)[] = [];
  #hasEnded = false;

  constructor(of: BatchOf) {
    this.#of = of;
    this.#overlay = new Overlay(of.cache.rows, of.source.fields);
  }

  get rows(): Rows {
    return this;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get #fields(): Fields {
    return this.#of.source.fields;
  }

  get #source(): Source {
    this.#assertRunning();
    return { ...this.#of.source, changes: this.#overlay };
  }

  #assertRunning(): void {
    if (this.#hasEnded) throw new StoreUnavailableError(this.#of.location, "the batch has ended");
  }

  async find(query: Query): Promise<Row[]> {
    return find(this.#source, query);
  }

  async count(query: Query): Promise<number> {
    return count(this.#source, query);
  }

  async findByIds(ids: readonly string[]): Promise<Row[]> {
    this.#assertRunning();
    await this.#of.cache.load(ids);
    return ids.flatMap((id) => {
      const row = this.#overlay.get(id);
      return row ? [decode(this.#fields, row)] : [];
    });
  }

  async apply(changes: readonly RowChange[]): Promise<void> {
    this.#assertRunning();
    await this.#of.cache.loadFor(changes);
    this.#assertRunning();
    const before = this.#undo.length;
    try {
      for (const change of changes) {
        const row = this.#of.changes.after(this.#overlay, change);
        if (row) this.#assertSize(row);
        this.#undo.push(this.#overlay.set(change.id, row));
      }
    } catch (error) {
      this.#backTo(before);
      throw error;
    }
  }

  /** @throws InvalidRowError */
  #assertSize(row: StoredRow): void {
    const { maxBytes } = this.#of;
    const length = Object.values(row).reduce<number>(
      (sum, columnValue) => sum + (typeof columnValue === "string" ? columnValue.length : 8),
      0,
    );
    // A UTF-16 unit takes at most six bytes in JSON, as an escape.
    if (length * 6 < maxBytes / 2) return;
    const found = Buffer.byteLength(JSON.stringify(row));
    const expected = `a row of at most ${maxBytes} bytes of JSON, the limit of one document`;
    if (found > maxBytes)
      throw new InvalidRowError([
        { field: "id", found: described(`${show(row.id)}, a row of ${found} bytes`), expected },
      ]);
  }

  async mark(): Promise<void> {
    this.#assertRunning();
    this.#undo.length = 0;
  }

  async undo(): Promise<void> {
    this.#backTo(0);
  }

  #backTo(length: number): void {
    while (this.#undo.length > length) this.#undo.pop()!();
  }

  async park(event: ParkedStream): Promise<void> {
    this.#setParked(event.id, structuredClone(event));
  }

  async unpark(id: string): Promise<void> {
    this.#setParked(id, null);
  }

  #setParked(id: string, event: ParkedStream | null): void {
    this.#assertRunning();
    const before = this.#parked.get(id);
    this.#parked.set(id, event);
    this.#undo.push(() => (before === undefined ? this.#parked.delete(id) : this.#parked.set(id, before)));
  }

  async commit(progress: Progress): Promise<void> {
    this.#assertRunning();
    this.#hasEnded = true;
    const { cache } = this.#of;
    const writes = this.#writes();
    await this.#of.commit(writes, progress);
    for (const { kind, id, content } of writes) if (kind === "rows") cache.put(id, content);
  }

  #writes(): Write[] {
    const writes: Write[] = [];
    for (const [id, content] of this.#overlay.changes()) {
      const isNew = !this.#of.cache.exists(id);
      // A row that was never stored needs no tombstone.
      if (content || !isNew) writes.push({ kind: "rows", id, isNew, content });
    }
    for (const [id, event] of this.#parked)
      // Treated as new: parked events are few, and the engine updates one that exists.
      writes.push({ kind: "parked", id, isNew: true, content: event && { event: JSON.stringify(event) } });
    return writes;
  }

  async rollback(): Promise<void> {
    this.#hasEnded = true;
  }
}

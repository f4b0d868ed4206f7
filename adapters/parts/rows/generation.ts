import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import type { Fields } from "../../../core/rows/fields.ts";
import type { Generation, Origin, ParkedStream, Progress } from "../../../core/table/read-table.ts";
import { MemoryBatch } from "./batch.ts";
import { MemoryRows } from "./rows.ts";
import type { StoredGeneration } from "./stored-generation.ts";

/** A read table's handle of a stored generation. Closing it leaves the stored generation as it is. */
export class MemoryGeneration implements Generation {
  readonly number: number;
  readonly owner: string;
  readonly fields: Fields;
  readonly origin: Readonly<Origin>;
  readonly rows: MemoryRows;
  readonly #stored: StoredGeneration;
  readonly #location: string;
  #batch: MemoryBatch | null = null;
  #isOpen = true;

  constructor(stored: StoredGeneration, location: string, owner: string) {
    this.#stored = stored;
    this.#location = location;
    this.owner = owner;
    this.number = stored.number;
    this.fields = stored.fields;
    this.origin = stored.origin;
    this.rows = new MemoryRows(() => this.stored.rows, stored.fields, true);
  }

  get stored(): StoredGeneration {
    if (!this.#isOpen) throw new StoreUnavailableError(this.#location, `generation ${this.number} is not open`);
    return this.#stored;
  }

  redefine(definition: string): void {
    this.stored.origin.definition = definition;
  }

  progress(): Progress {
    return { ...this.stored.progress };
  }

  parked(): ParkedStream[] {
    const events = [...this.stored.parked.values()].map((text) => JSON.parse(text) as ParkedStream);
    return events.toSorted((a, b) => a.position - b.position);
  }

  begin(): MemoryBatch {
    const { stored } = this;
    if (this.#batch?.hasEnded === false)
      throw new StoreUnavailableError(this.#location, "a batch is running; there is one at a time");
    return (this.#batch = new MemoryBatch(stored, this.#location));
  }

  close(): void {
    this.#batch?.rollback();
    this.#isOpen = false;
  }
}

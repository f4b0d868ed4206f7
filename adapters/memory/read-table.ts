import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { Fields } from "../../core/rows/fields.ts";
import {
  noOrigin,
  type Origin,
  type ReadTable,
  type TableBackup,
  type TableCapabilities,
} from "../../core/table/read-table.ts";
import { readBackup, writeBackup } from "./table-backup.ts";
import { MemoryGeneration } from "../parts/rows/generation.ts";
import type { MemoryStorage } from "./storage.ts";
import { StoredGeneration } from "../parts/rows/stored-generation.ts";

/** What a place keeps of a table. Generations that are being built end with the port. */
class StoredTable {
  live: StoredGeneration | null = null;
}

/** A table as one host has it open; the switch is one assignment. */
export class MemoryReadTable implements ReadTable {
  readonly engine = "memory";
  readonly capabilities: TableCapabilities = { durability: "none", hosts: "one", atomicBatch: true };
  readonly snapshotFolder = null;
  readonly #storage: MemoryStorage;
  #open: { table: StoredTable; live: MemoryGeneration } | null = null;
  readonly #building = new Set<MemoryGeneration>();
  #lastNumber = 0;

  constructor(place: MemoryStorage) {
    this.#storage = place;
  }

  async open(fields: Fields, origin: Origin = noOrigin): Promise<void> {
    if (this.#open) return;
    const table = this.#storage.host(StoredTable);
    table.live ??= new StoredGeneration(1, fields, origin);
    this.#open = { table, live: new MemoryGeneration(table.live, this.#storage.location) };
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    for (const generation of [this.#open.live, ...this.#building]) generation.close();
    this.#building.clear();
    this.#open = null;
    this.#storage.release();
  }

  #opened(): { table: StoredTable; live: MemoryGeneration } {
    if (!this.#open) throw new StoreUnavailableError(this.#storage.location, "the read table is not open");
    return this.#open;
  }

  /** No other host. */
  async takeOver(): Promise<void> {}

  async refresh(): Promise<void> {}

  live(): MemoryGeneration {
    return this.#opened().live;
  }

  async build(fields: Fields, origin: Origin = noOrigin): Promise<MemoryGeneration> {
    return this.#beside(new StoredGeneration(this.#nextNumber(), fields, origin));
  }

  #nextNumber(): number {
    return (this.#lastNumber = Math.max(this.live().number, this.#lastNumber) + 1);
  }

  #beside(stored: StoredGeneration): MemoryGeneration {
    this.#opened();
    const generation = new MemoryGeneration(stored, this.#storage.location);
    this.#building.add(generation);
    return generation;
  }

  async switchTo(generation: MemoryGeneration): Promise<void> {
    const open = this.#opened();
    const old = open.live;
    if (old === generation) return;
    open.table.live = generation.stored;
    open.live = generation;
    this.#building.delete(generation);
    old.close();
  }

  async drop(generation: MemoryGeneration): Promise<void> {
    this.#opened();
    if (this.#building.delete(generation)) generation.close();
  }

  backup(folder: string): Promise<TableBackup> {
    return writeBackup(folder, this.live().stored);
  }

  async restore(folder: string, checksum: string, order: string): Promise<MemoryGeneration> {
    return this.#beside(await readBackup(folder, checksum, this.#nextNumber(), order));
  }
}

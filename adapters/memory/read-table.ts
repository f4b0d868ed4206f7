import type { Fields } from "../../core/rows/fields.ts";
import {
  noOrigin,
  type LiveGeneration,
  type Origin,
  type ReadTable,
  type TableBackup,
  type TableCapabilities,
  type TableOpenOptions,
} from "../../core/table/read-table.ts";
import { readBackup, writeBackup } from "./table-backup.ts";
import { Generations } from "../parts/generations.ts";
import { MemoryGeneration } from "../parts/rows/generation.ts";
import type { MemoryStorage } from "./storage.ts";
import { copyGeneration } from "../parts/rows/generation-copy.ts";
import { StoredGeneration } from "../parts/rows/stored-generation.ts";

/** The content of a table. Generations in build are lost when the table is closed. */
class StoredTable {
  live: StoredGeneration | null = null;
}

/** A table in memory, opened by one host. Switching generations is one assignment. */
export class MemoryReadTable implements ReadTable {
  readonly engine = "memory";
  readonly capabilities: TableCapabilities = { durability: "none", hosts: "one", atomicBatch: true };
  readonly snapshotFolder = null;
  readonly #storage: MemoryStorage;
  readonly #generations: Generations<MemoryGeneration>;
  #table: StoredTable | null = null;
  #owner = "";

  constructor(storage: MemoryStorage) {
    this.#storage = storage;
    this.#generations = new Generations(storage.location, { remove: (generation) => generation.close() });
  }

  async open(fields: Fields, origin: Origin = noOrigin, { owner = "" }: TableOpenOptions = {}): Promise<void> {
    if (this.#table) return;
    this.#table = this.#storage.host(StoredTable);
    this.#owner = owner;
    this.#table.live ??= new StoredGeneration(1, fields, origin);
    this.#generations.open(this.#opened(this.#table.live));
  }

  async close(): Promise<void> {
    if (!this.#table) return;
    for (const generation of this.#generations.close()) generation.close();
    this.#table = null;
    this.#storage.release();
  }

  /** A table in memory has only one host. */
  async takeOver(): Promise<void> {}

  async refresh(): Promise<void> {}

  live(): MemoryGeneration {
    return this.#generations.live;
  }

  async lives(): Promise<LiveGeneration[]> {
    const { owner, number } = this.live();
    return [{ owner, number, progress: this.live().progress() }];
  }

  async build(fields: Fields, origin: Origin = noOrigin): Promise<MemoryGeneration> {
    return this.#beside(new StoredGeneration(this.#generations.nextNumber(), fields, origin));
  }

  #beside(stored: StoredGeneration): MemoryGeneration {
    return this.#generations.add(this.#opened(stored));
  }

  #opened(stored: StoredGeneration): MemoryGeneration {
    return new MemoryGeneration(stored, this.#storage.location, this.#owner);
  }

  async copy(fields: Fields, origin: Origin): Promise<MemoryGeneration> {
    const { stored } = this.live();
    const copy = new StoredGeneration(this.#generations.nextNumber(), fields, origin);
    await copyGeneration(stored, copy);
    return this.#beside(copy);
  }

  switchTo(generation: MemoryGeneration): Promise<void> {
    return this.#generations.switchTo(generation, () => {
      this.#table!.live = generation.stored;
    });
  }

  drop(generation: MemoryGeneration): Promise<void> {
    return this.#generations.drop(generation);
  }

  /** A table in memory has only one owner. */
  async dropOwner(): Promise<void> {}

  backup(folder: string): Promise<TableBackup> {
    return writeBackup(folder, this.live().stored);
  }

  async restore(folder: string, checksum: string, requestId: string): Promise<MemoryGeneration> {
    return this.#beside(await readBackup(folder, checksum, this.#generations.nextNumber(), requestId));
  }
}

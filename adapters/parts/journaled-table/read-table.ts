import { resolve } from "node:path";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import type { Fields } from "../../../core/rows/fields.ts";
import { storageName } from "../../../core/errors/storage-name.ts";
import {
  noOrigin,
  type Origin,
  type ReadTable,
  type Rows,
  type TableBackup,
  type TableCapabilities,
} from "../../../core/table/read-table.ts";
import { backupIn, readRows } from "./backup-rows.ts";
import { JournaledGeneration } from "./generation.ts";
import { Pointer } from "./pointer.ts";
import { ReplacedGenerations } from "../replaced-generations.ts";
import { removeGeneration, removeLeftovers } from "./removal.ts";
import type { RowStore } from "./row-store.ts";
import { generationId, type About, type StoredGeneration } from "./stored-generation.ts";
import { TableCopy } from "./table-copy.ts";

/**
 * A table on an engine without transactions over several documents. One document says which generation is live, one each
 * says how far a generation is folded, and everything else follows from these: see `Commits`. What is left of a removed
 * row, which keeps a late write away, stays until its generation is dropped.
 */
export class JournaledReadTable implements ReadTable {
  readonly engine: string;
  readonly capabilities: TableCapabilities;
  readonly snapshotFolder: string;
  readonly #store: RowStore;
  readonly #pointer: Pointer;
  #epoch = 0;
  #isOpen = false;
  #live: JournaledGeneration | null = null;
  readonly #building = new Set<JournaledGeneration>();
  readonly #replaced = new ReplacedGenerations<JournaledGeneration>();

  /** @param folder for the host's own files: snapshots */
  constructor(store: RowStore, name: string, folder = "data") {
    this.snapshotFolder = resolve(folder, `${storageName(name)}.snapshots`);
    this.#store = store;
    this.#pointer = new Pointer(store, name);
    this.engine = store.engine;
    this.capabilities = { durability: store.durability, hosts: store.hosts, atomicBatch: false };
  }

  async open(fields: Fields, origin: Origin = noOrigin): Promise<void> {
    if (this.#isOpen) return;
    await this.#store.open();
    this.#isOpen = true;
    try {
      const { epoch, live } = await this.#pointer.prepare();
      this.#epoch = epoch;
      if (live === 0) await this.#begin(fields, origin);
      await this.#follow();
      await removeLeftovers(this.#store, await this.#pointer.read());
    } catch (error) {
      this.#isOpen = false;
      this.#live = null;
      await this.#store.close();
      throw error;
    }
  }

  /** The first generation; somebody else may be faster. */
  async #begin(fields: Fields, origin: Origin): Promise<void> {
    const { number } = await this.#create({ fields, origin, epoch: this.#epoch });
    if (!(await this.#pointer.switch(this.#epoch, 0, number))) await removeGeneration(this.#store, number);
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    const generations = [...this.#building, ...(this.#live ? [this.#live] : [])];
    this.#isOpen = false;
    this.#live = null;
    this.#building.clear();
    for (const generation of generations) generation.close();
    await this.#replaced.idle();
    await this.#store.close();
  }

  #opened(): JournaledGeneration {
    if (this.#isOpen && this.#live) return this.#live;
    throw new StoreUnavailableError(this.#store.location, "the read table is not open");
  }

  async takeOver(): Promise<void> {
    const live = this.#opened();
    this.#epoch = await this.#pointer.takeOver();
    for (const generation of [live, ...this.#building]) generation.forget();
  }

  async refresh(): Promise<void> {
    await this.#follow();
  }

  live(): JournaledGeneration {
    return this.#opened();
  }

  /** The generation that is live by now. */
  async #follow(): Promise<JournaledGeneration> {
    for (;;) {
      const { live } = await this.#pointer.read();
      if (this.#live?.number === live) return this.#live;
      const stored = await this.#store.heads.get(generationId(live));
      // It may have been replaced, and removed, in between.
      if (!stored) continue;
      this.#live = this.#openOne(stored as StoredGeneration);
      return this.#opened();
    }
  }

  #openOne(stored: StoredGeneration): JournaledGeneration {
    return new JournaledGeneration(
      this.#store,
      stored,
      () => this.#epoch,
      (generation) => this.#successorOf(generation),
    );
  }

  async #successorOf(generation: JournaledGeneration): Promise<Rows | null> {
    if (this.#building.has(generation)) return null;
    const live = this.#opened();
    const now = this.#store.hosts === "one" ? live : await this.#follow();
    return now === generation ? null : now.rows;
  }

  async #create(about: About): Promise<StoredGeneration> {
    const stored = await this.#pointer.addGeneration(about);
    await this.#store.prepare(stored.number, about.fields);
    return stored;
  }

  async build(fields: Fields, origin: Origin = noOrigin): Promise<JournaledGeneration> {
    this.#opened();
    return this.#beside(await this.#create({ fields, origin, epoch: this.#epoch }));
  }

  #beside(stored: StoredGeneration): JournaledGeneration {
    this.#opened();
    const generation = this.#openOne(stored);
    this.#building.add(generation);
    return generation;
  }

  async switchTo(generation: JournaledGeneration): Promise<void> {
    const old = this.#opened();
    if (old === generation) return;
    if (!(await this.#pointer.switch(this.#epoch, old.number, generation.number)))
      throw new StoreUnavailableError(this.#store.location, "another host has taken the table over");
    this.#live = generation;
    this.#building.delete(generation);
    old.close();
    await this.#replaced.remove(old, () => removeGeneration(this.#store, old.number));
  }

  async drop(generation: JournaledGeneration): Promise<void> {
    this.#opened();
    if (!this.#building.delete(generation)) return;
    generation.close();
    await removeGeneration(this.#store, generation.number);
  }

  async backup(folder: string): Promise<TableBackup> {
    const of = this.#opened();
    return this.#replaced.whileCopied(of, TableCopy.write(this.#store, of.number, folder));
  }

  async restore(folder: string, checksum: string, order: string): Promise<JournaledGeneration> {
    this.#opened();
    const backup = backupIn(folder);
    const { fields: given, origin, progress, passes } = await backup.readAbout(checksum);
    const fields: Fields = new Map(given.map((field) => [field.name, field]));
    const about: About = { fields, origin: { ...origin, order }, epoch: this.#epoch, batch: passes, progress };
    const stored = await this.#create(about);
    try {
      await readRows(backup.rows, this.#store, stored.number);
    } catch (error) {
      await removeGeneration(this.#store, stored.number).catch(() => {});
      throw error;
    }
    return this.#beside(stored);
  }
}

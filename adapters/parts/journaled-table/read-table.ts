import { resolve } from "node:path";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import { fieldsOf, type Fields } from "../../../core/rows/fields.ts";
import { storageName } from "../../../core/errors/storage-name.ts";
import {
  noOrigin,
  type LiveGeneration,
  type Origin,
  type ReadTable,
  type Rows,
  type TableBackup,
  type TableCapabilities,
  type TableOpenOptions,
} from "../../../core/table/read-table.ts";
import { silent, type Debug } from "../../../core/text/state-log.ts";
import { backupIn, readRows } from "./backup-rows.ts";
import { copyGeneration } from "./generation-copy.ts";
import { JournaledGeneration } from "./generation.ts";
import { liveFor, type Host, type PointerState } from "./owners.ts";
import { Pointer } from "./pointer.ts";
import { Generations } from "../generations.ts";
import { removeGeneration, removeLeftovers } from "./removal.ts";
import type { RowStore } from "./row-store.ts";
import { generationIn, progressOf, type About, type StoredGeneration } from "./stored-generation.ts";
import { writeBackup } from "./table-backup.ts";

/**
 * A table on an engine without transactions over several documents. One document contains the numbers of the live
 * generations, and one per generation its progress; `Commits` describes the writes. The tombstone of a removed row
 * fences off late writes, and stays until its generation is dropped.
 */
export class JournaledReadTable implements ReadTable {
  readonly engine: string;
  readonly capabilities: TableCapabilities;
  readonly snapshotFolder: string;
  readonly #store: RowStore;
  readonly #pointer: Pointer;
  /** The owner that was given to `open`, which is not stored if one process hosts the table. */
  #owner = "";
  #host: Host = { owner: "", epoch: 0 };
  #debug: Debug = silent;
  readonly #generations: Generations<JournaledGeneration>;

  /** @param folder for the host's own files, its snapshots */
  constructor(store: RowStore, name: string, folder = "data") {
    this.snapshotFolder = resolve(folder, storageName(name), "snapshots");
    this.#store = store;
    this.#pointer = new Pointer(store, name);
    this.engine = store.engine;
    this.#generations = new Generations(store.location, {
      end: (generation) => generation.close(),
      remove: (generation) => removeGeneration(store, generation.number),
    });
    this.capabilities = { durability: store.durability, hosts: store.hosts, atomicBatch: false };
  }

  async open(fields: Fields, origin: Origin = noOrigin, options: TableOpenOptions = {}): Promise<void> {
    if (this.#generations.isOpen) return;
    const { debug = silent, owner = "" } = options;
    this.#debug = debug;
    this.#owner = owner;
    await this.#store.open();
    try {
      await this.#enter();
      if (liveFor(await this.#pointer.read(), this.#host.owner) === 0) await this.#begin(fields, origin);
      this.#generations.open((await this.#liveBut(null))!);
      await removeLeftovers(this.#store, this.#pointer);
    } catch (error) {
      this.#generations.close();
      await this.#store.close();
      throw error;
    }
  }

  /** The only host of a table acts for the owner that it finds, and drops those that are left of several hosts. */
  async #enter(): Promise<void> {
    const { owners } = await this.#pointer.prepare();
    const isShared = this.#store.hosts === "many";
    const owner = isShared ? this.#owner : (owners[0]?.owner ?? "");
    this.#host = { owner, epoch: await this.#pointer.enter(owner) };
    if (!isShared) for (const other of owners) if (other.owner !== owner) await this.#pointer.drop(other.owner);
  }

  /** Creates the first generation, unless another host was first. */
  async #begin(fields: Fields, origin: Origin): Promise<void> {
    const { number } = await this.#create({ fields, origin, ...this.#host });
    if (!(await this.#pointer.begin(this.#host, number))) await removeGeneration(this.#store, number);
  }

  async close(): Promise<void> {
    if (!this.#generations.isOpen) return;
    for (const generation of this.#generations.close()) generation.close();
    await this.#generations.idle();
    await this.#store.close();
  }

  async takeOver(): Promise<void> {
    void this.live();
    const { owner, epoch: before } = this.#host;
    const epoch = await this.#pointer.takeOver(owner);
    this.#host = { owner, epoch };
    this.#debug(`${this.#store.location} fence: epoch ${before} -> ${epoch}`, { live: this.live().number });
    for (const generation of this.#generations.all()) generation.forget();
  }

  async refresh(): Promise<void> {
    await this.#refreshLive();
  }

  live(): JournaledGeneration {
    return this.#generations.live;
  }

  async lives(): Promise<LiveGeneration[]> {
    void this.live();
    const stored = await this.#liveIn(({ owners }) => owners.flatMap(({ live }) => (live === 0 ? [] : [live])));
    return stored.map((one) => ({ owner: this.#ownerOf(one), number: one.number, progress: progressOf(one) }));
  }

  #ownerOf({ owner }: StoredGeneration): string {
    return this.#store.hosts === "one" ? this.#owner : owner;
  }

  /** Opens the generation that is live now, if another host has switched. */
  async #refreshLive(): Promise<JournaledGeneration> {
    const known = this.live();
    const other = await this.#liveBut(known.number);
    return other ? this.#generations.replaceLive(known, other) : this.live();
  }

  /** The generation that is live now; null if it has this number. */
  async #liveBut(known: number | null): Promise<JournaledGeneration | null> {
    const [other] = await this.#liveIn((state) => {
      const live = liveFor(state, this.#host.owner);
      return live === known ? [] : [live];
    });
    return other ? this.#openOne(other) : null;
  }

  /** @param numbers chooses live generations of the pointer */
  async #liveIn(numbers: (state: PointerState) => number[]): Promise<StoredGeneration[]> {
    for (let missing: number | undefined; ;) {
      const chosen = numbers(await this.#pointer.read());
      const found = await Promise.all(chosen.map((number) => generationIn(this.#store, number)));
      const index = found.indexOf(null);
      if (index < 0) return found.filter((stored) => stored !== null);
      // It was replaced, and removed, in between, unless it is still a live one.
      if (chosen[index] === missing)
        throw new StoreUnavailableError(this.#store.location, `found no generation ${missing}, which is live`);
      missing = chosen[index];
    }
  }

  #openOne(stored: StoredGeneration): JournaledGeneration {
    return new JournaledGeneration(
      this.#store,
      stored,
      { owner: this.#ownerOf(stored), epoch: () => this.#host.epoch, debug: (...line) => this.#debug(...line) },
      (generation) => this.#successorOf(generation),
    );
  }

  async #successorOf(generation: JournaledGeneration): Promise<Rows | null> {
    if (this.#generations.isBuilding(generation)) return null;
    const live = this.live();
    const now = this.#store.hosts === "one" ? live : await this.#refreshLive();
    return now === generation ? null : now.rows;
  }

  async #create(about: About): Promise<StoredGeneration> {
    const stored = await this.#pointer.addGeneration(about);
    await this.#store.prepare(stored.number, about.fields);
    return stored;
  }

  async build(fields: Fields, origin: Origin = noOrigin): Promise<JournaledGeneration> {
    void this.live();
    return this.#beside(await this.#create({ fields, origin, ...this.#host }));
  }

  #beside(stored: StoredGeneration): JournaledGeneration {
    return this.#generations.add(this.#openOne(stored));
  }

  async copy(fields: Fields, origin: Origin): Promise<JournaledGeneration> {
    return this.#generations.copy(async ({ number }) => {
      const stored = await this.#create({ fields, origin, ...this.#host });
      try {
        return this.#beside(await copyGeneration(this.#store, number, stored));
      } catch (error) {
        await removeGeneration(this.#store, stored.number).catch(() => {});
        throw error;
      }
    });
  }

  async switchTo(generation: JournaledGeneration): Promise<void> {
    await this.#generations.switchTo(generation, async (old) => {
      if (!(await this.#pointer.switch(this.#host, old.number, generation.number)))
        throw new StoreUnavailableError(this.#store.location, "another host has taken the table over");
    });
  }

  drop(generation: JournaledGeneration): Promise<void> {
    return this.#generations.drop(generation);
  }

  async dropOwner(owner: string): Promise<void> {
    if (this.#store.hosts === "one" || owner === this.#owner) return;
    await this.#pointer.drop(owner);
    await removeLeftovers(this.#store, this.#pointer);
  }

  async backup(folder: string): Promise<TableBackup> {
    return this.#generations.copy(({ number }) => writeBackup(this.#store, number, folder));
  }

  async restore(folder: string, checksum: string, requestId: string): Promise<JournaledGeneration> {
    void this.live();
    const backup = backupIn(folder);
    const { fields: given, origin, progress, passes } = await backup.readAbout(checksum);
    const fields = fieldsOf(given);
    const about: About = { fields, origin: { ...origin, requestId }, ...this.#host, batch: passes, progress };
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

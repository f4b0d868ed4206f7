import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
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
import { whenFree } from "./busy.ts";
import { SqliteGeneration, type GenerationFile } from "./generation.ts";
import { HostFile } from "./host-file.ts";
import { createRows } from "./row-codec.ts";
import { TableBackups } from "./table-backup.ts";
import { Generations } from "../parts/generations.ts";
import { createTableFile, generationOf, removeFile, removeLeftover } from "./table-file.ts";

/**
 * A read table in a folder of its own. `live.db` contains the number of the live generation, and the host keeps it
 * locked. Each generation is a file named by its number: `1.db`, `2.db` and so on. One commit of `live.db` switches
 * generations.
 */
export class SqliteReadTable implements ReadTable {
  readonly engine = "sqlite";
  readonly capabilities: TableCapabilities = { durability: "process", hosts: "one", atomicBatch: true };
  readonly snapshotFolder: string;
  readonly #folder: string;
  readonly #lock: string;
  #host: HostFile | null = null;
  #owner = "";
  readonly #generations: Generations<SqliteGeneration>;
  readonly #backups = new TableBackups();

  /** @param path of the folder; the ending `.db`, by which a log's file would be named, is omitted */
  constructor(path: string) {
    this.#folder = path.replace(/\.db$/, "");
    this.#lock = join(this.#folder, "live.db");
    this.snapshotFolder = join(this.#folder, "snapshots");
    this.#generations = new Generations(this.#folder, {
      remove: (generation) => generation.remove(),
      isInUse: (generation) => generation.isQueried,
    });
  }

  #fileOf(generation: number): string {
    return join(this.#folder, `${generation}.db`);
  }

  #of(number: number): GenerationFile {
    return { number, owner: this.#owner, paths: { database: this.#fileOf(number), lock: this.#lock } };
  }

  async open(fields: Fields, origin: Origin = noOrigin, { owner = "" }: TableOpenOptions = {}): Promise<void> {
    if (this.#generations.isOpen) return;
    this.#owner = owner;
    let live: SqliteGeneration | undefined;
    const host = new HostFile(this.#lock, this.#folder);
    try {
      const number = host.generation;
      if (number > 0 && existsSync(this.#fileOf(number))) live = await SqliteGeneration.open(this.#of(number));
      else {
        // A first start, or the file was deleted to rebuild the table.
        live = await SqliteGeneration.create(this.#of(number + 1), fields, origin);
        host.generation = number + 1;
      }
      this.#removeLeftovers(live.number);
      this.#host = host;
      this.#generations.open(live);
    } catch (error) {
      await live?.close();
      host.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const open = this.#generations.close();
    await this.#backups.close();
    await Promise.all(this.#generations.replaced.map((generation) => generation.close()));
    await this.#generations.idle();
    await Promise.all(open.map((generation) => generation.close()));
    this.#host?.close();
    this.#host = null;
  }

  /** A file has only one host. */
  async takeOver(): Promise<void> {}

  async refresh(): Promise<void> {}

  live(): SqliteGeneration {
    return this.#generations.live;
  }

  async lives(): Promise<LiveGeneration[]> {
    const { owner, number } = this.live();
    return [{ owner, number, progress: await this.live().progress() }];
  }

  async build(fields: Fields, origin: Origin = noOrigin): Promise<SqliteGeneration> {
    const of = this.#of(this.#generations.nextNumber());
    return this.#generations.add(await SqliteGeneration.create(of, fields, origin));
  }

  async copy(fields: Fields, origin: Origin): Promise<SqliteGeneration> {
    const of = this.#of(this.#generations.nextNumber());
    const file = of.paths.database;
    return this.#generations.copy(async (live) => {
      live.check();
      try {
        await whenFree(() => createTableFile(file, createRows(fields), fields, origin).close());
        await this.#backups.copy(live, file, fields);
        // Throws if the table was closed meanwhile.
        this.live();
        return this.#generations.add(await SqliteGeneration.open(of));
      } catch (error) {
        removeFile(file);
        throw error;
      }
    });
  }

  async switchTo(generation: SqliteGeneration): Promise<void> {
    await this.#generations.switchTo(generation, async () => {
      await generation.flush();
      // One commit. After a crash before it the old generation is live, after it the new one; the other is a leftover.
      this.#host!.generation = generation.number;
    });
  }

  async drop(generation: SqliteGeneration): Promise<void> {
    if (this.#generations.isBuilding(generation)) await this.#generations.drop(generation);
  }

  /** A file has only one owner. */
  async dropOwner(): Promise<void> {}

  async backup(folder: string): Promise<TableBackup> {
    return this.#generations.copy((live) => {
      live.check();
      return this.#backups.write(live, folder);
    });
  }

  async restore(folder: string, checksum: string, requestId: string): Promise<SqliteGeneration> {
    const number = this.#generations.nextNumber();
    const file = this.#fileOf(number);
    removeLeftover(file);
    try {
      await this.#backups.read(folder, checksum, file);
      // Throws if the table was closed meanwhile.
      this.live();
      const generation = this.#generations.add(await SqliteGeneration.open(this.#of(number)));
      await generation.setRequestId(requestId);
      return generation;
    } catch (error) {
      removeFile(file);
      throw error;
    }
  }

  #removeLeftovers(live: number): void {
    for (const file of readdirSync(this.#folder)) {
      const number = generationOf(file);
      if (number === null || number === live) continue;
      try {
        removeLeftover(join(this.#folder, file));
      } catch {
        // A file of another program that happens to have such a name.
      }
    }
  }
}

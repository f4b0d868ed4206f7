import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { Fields } from "../../core/rows/fields.ts";
import {
  noOrigin,
  type Origin,
  type ReadTable,
  type TableBackup,
  type TableCapabilities,
} from "../../core/table/read-table.ts";
import { SqliteGeneration, type TablePaths } from "./generation.ts";
import { HostFile } from "./host-file.ts";
import { TableBackups } from "./table-backup.ts";
import { ReplacedGenerations } from "../parts/replaced-generations.ts";
import { removeFile, removeLeftover } from "./table-file.ts";

/**
 * `<name>.db` says which generation is live and is locked by the host; the generations are files of their own beside it,
 * `<name>.1.db`, `<name>.2.db` … The switch is one committed number.
 */
export class SqliteReadTable implements ReadTable {
  readonly engine = "sqlite";
  readonly capabilities: TableCapabilities = { durability: "process", hosts: "one", atomicBatch: true };
  readonly snapshotFolder: string;
  readonly #file: string;
  #host: HostFile | null = null;
  #live: SqliteGeneration | null = null;
  readonly #building = new Set<SqliteGeneration>();
  readonly #backups = new TableBackups();
  readonly #removing = new ReplacedGenerations<SqliteGeneration>();
  /** Generations that were live, until they are removed. */
  readonly #replaced = new Set<SqliteGeneration>();
  #lastNumber = 0;

  constructor(file: string) {
    this.#file = file;
    this.snapshotFolder = `${file}.snapshots`;
  }

  /** Two tables never share one, whatever their files are called. */
  #fileOf(generation: number | string): string {
    const ending = extname(this.#file);
    return join(dirname(this.#file), `${basename(this.#file, ending)}.${generation}${ending}`);
  }

  #pathsOf(generation: number): TablePaths {
    return { database: this.#fileOf(generation), lock: this.#file };
  }

  async open(fields: Fields, origin: Origin = noOrigin): Promise<void> {
    if (this.#live) return;
    const host = new HostFile(this.#file, this.#file);
    try {
      const number = host.generation;
      if (number > 0 && existsSync(this.#fileOf(number)))
        this.#live = await SqliteGeneration.open(number, this.#pathsOf(number));
      else {
        // Nothing yet, or somebody deleted the file to have it folded again.
        const first = await SqliteGeneration.create(number + 1, this.#pathsOf(number + 1), fields, origin);
        host.generation = number + 1;
        this.#live = first;
      }
      this.#host = host;
      this.#removeLeftovers(this.#live.number);
    } catch (error) {
      await this.#live?.close();
      this.#live = null;
      host.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const live = this.#live;
    // Nothing more is asked of it from now on.
    this.#live = null;
    await this.#backups.close();
    await Promise.all([...this.#replaced].map((generation) => generation.close()));
    await this.#removing.idle();
    await Promise.all([...this.#building].map((generation) => generation.close()));
    this.#building.clear();
    await live?.close();
    this.#host?.close();
    this.#host = null;
  }

  /** No other host. */
  async takeOver(): Promise<void> {}

  async refresh(): Promise<void> {}

  live(): SqliteGeneration {
    if (!this.#live) throw new StoreUnavailableError(this.#file, "the read table is not open");
    return this.#live;
  }

  async build(fields: Fields, origin: Origin = noOrigin): Promise<SqliteGeneration> {
    const number = this.#nextNumber();
    const generation = await SqliteGeneration.create(number, this.#pathsOf(number), fields, origin);
    this.#building.add(generation);
    return generation;
  }

  /** A number is given once: what was restored beside another may still be on its way. */
  #nextNumber(): number {
    return (this.#lastNumber = Math.max(this.live().number, this.#lastNumber) + 1);
  }

  async switchTo(generation: SqliteGeneration): Promise<void> {
    const old = this.live();
    if (old === generation) return;
    await generation.flush();
    // One commit: a crash before it finds the old generation live, after it the new one; the other is a leftover.
    this.#host!.generation = generation.number;
    this.#live = generation;
    this.#building.delete(generation);
    this.#replaced.add(old);
    const remove = () => old.remove().finally(() => this.#replaced.delete(old));
    // A copy and queries that are running need its file until they have ended.
    await this.#removing.remove(old, remove, old.isQueried);
  }

  async drop(generation: SqliteGeneration): Promise<void> {
    if (this.#building.delete(generation)) await generation.remove();
  }

  async backup(folder: string): Promise<TableBackup> {
    const of = this.live();
    of.check();
    return this.#removing.whileCopied(of, this.#backups.write(of, folder));
  }

  async restore(folder: string, checksum: string, order: string): Promise<SqliteGeneration> {
    const number = this.#nextNumber();
    const file = this.#fileOf(number);
    removeLeftover(file);
    try {
      await this.#backups.read(folder, checksum, file);
      // Closed meanwhile.
      this.live();
      const generation = await SqliteGeneration.open(number, this.#pathsOf(number));
      this.#building.add(generation);
      await generation.setOrder(order);
      return generation;
    } catch (error) {
      removeFile(file);
      throw error;
    }
  }

  #removeLeftovers(live: number): void {
    const ending = extname(this.#file);
    const prefix = `${basename(this.#file, ending)}.`;
    for (const file of readdirSync(dirname(this.#file))) {
      if (!file.startsWith(prefix) || !file.endsWith(ending)) continue;
      const number = file.slice(prefix.length, file.length - ending.length);
      if (!/^\d+$/.test(number) || Number(number) === live) continue;
      try {
        removeLeftover(this.#fileOf(number));
      } catch {
        // Somebody else's, who happens to call his file like this.
      }
    }
  }
}

import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { Fields } from "../../core/rows/fields.ts";
import {
  noOrigin,
  type Origin,
  type ReadTable,
  type Rows,
  type TableBackup,
  type TableCapabilities,
} from "../../core/table/read-table.ts";
import { storageName } from "../../core/errors/storage-name.ts";
import { times } from "../../core/concurrency/times.ts";
import { ReplacedGenerations } from "../parts/replaced-generations.ts";
import { Connections, type Session } from "./connections.ts";
import { fence } from "./fence.ts";
import { PostgresGeneration, rowsOf } from "./generation.ts";
import type { Location } from "./location.ts";
import { storeParked, storeProgress } from "./progress.ts";
import { columnsOf, createIndexes, createRows, fieldsToText } from "./row-codec.ts";
import { checkServer, migrate } from "./schema.ts";
import { backupIn, readRows, TableBackups } from "./table-backup.ts";
import { tableMigrations } from "./table-schema.ts";
import { sqlStateOf, translate } from "./errors.ts";

/** A generation that was not touched for so long was left behind by a crash. */
const abandonedAfter = "1 day";

/** A schema of a database: a table for each generation, and one row that says which is live. */
export class PostgresReadTable implements ReadTable {
  readonly engine = "postgres";
  readonly capabilities: TableCapabilities;
  readonly snapshotFolder: string;
  readonly #location: Location;
  #connections: Connections | null = null;
  #live: PostgresGeneration | null = null;
  readonly #building = new Set<PostgresGeneration>();
  readonly #backups = new TableBackups();
  readonly #replaced = new ReplacedGenerations<PostgresGeneration>();

  constructor(place: Location) {
    this.#location = place;
    this.capabilities = { durability: place.durability, hosts: "many", atomicBatch: true };
    this.snapshotFolder = resolve(place.folder, `${storageName(place.name)}.snapshots`);
  }

  async open(fields: Fields, origin: Origin = noOrigin): Promise<void> {
    if (this.#live) return;
    const { location, server, durability, name, schema } = this.#location;
    let connections: Connections | undefined;
    try {
      connections = await Connections.to(location, server);
      await checkServer(location, connections, durability === "power");
      await migrate(location, connections, name, tableMigrations);
      await connections.transaction(async (session) => {
        const { rows } = await session.query(`SELECT number FROM ${schema}.live FOR UPDATE`);
        if (rows[0]![0] !== 0) return;
        const first = await this.#create(session, fields, origin);
        await session.query(`UPDATE ${schema}.live SET number = $1`, [first]);
      });
      this.#connections = connections;
      await this.#follow();
      await this.#removeLeftovers();
    } catch (error) {
      this.#connections = null;
      this.#live = null;
      await connections?.end();
      throw translate(location, error);
    }
  }

  async close(): Promise<void> {
    const connections = this.#connections;
    const generations = [...this.#building, ...(this.#live ? [this.#live] : [])];
    this.#connections = null;
    this.#live = null;
    this.#building.clear();
    await this.#backups.close();
    await this.#replaced.idle();
    for (const generation of generations) await generation.close();
    await connections?.end();
  }

  #opened(): Connections {
    if (!this.#connections) throw new StoreUnavailableError(this.#location.location, "the read table is not open");
    return this.#connections;
  }

  /** Nobody else knows the name of the last commit then, which each names that he goes on from. */
  async takeOver(): Promise<void> {
    await this.#run((connections) => fence(connections, this.#location));
    for (const generation of [this.live(), ...this.#building]) generation.reload();
  }

  async refresh(): Promise<void> {
    await this.#run(() => this.#follow());
  }

  live(): PostgresGeneration {
    this.#opened();
    return this.#live!;
  }

  /** The generation that is live by now. */
  async #follow(): Promise<Rows> {
    const connections = this.#opened();
    const { rows } = await connections.query(`SELECT number FROM ${this.#location.schema}.live`);
    const number = rows[0]![0] as number;
    if (this.#live?.number !== number) this.#live = asLive(await this.#generation(number));
    return this.#live.rows;
  }

  async #generation(number: number): Promise<PostgresGeneration> {
    const connections = this.#opened();
    const stored = await PostgresGeneration.read(connections, this.#location.schema, number);
    if (!stored) throw new StoreUnavailableError(this.#location.location, `generation ${number} is no longer there`);
    return new PostgresGeneration(this.#location, connections, stored, () => this.#follow());
  }

  async #insert(session: Session, fields: Fields, origin: Origin): Promise<number> {
    const { schema } = this.#location;
    const { rows } = await session.query(
      `INSERT INTO ${schema}.generations (fields, definition, build_order, last_commit) VALUES ($1, $2, $3, $4) RETURNING number`,
      [fieldsToText(fields), origin.definition, origin.order, randomUUID()],
    );
    return rows[0]![0] as number;
  }

  async #create(session: Session, fields: Fields, origin: Origin): Promise<number> {
    const number = await this.#insert(session, fields, origin);
    const table = rowsOf(this.#location.schema, number);
    await session.query(`${createRows(table, fields)}; ${createIndexes(table, fields)}`);
    return number;
  }

  async build(fields: Fields, origin: Origin = noOrigin): Promise<PostgresGeneration> {
    return this.#run(async (connections) =>
      this.#beside(await connections.transaction((session) => this.#create(session, fields, origin))),
    );
  }

  async #beside(number: number): Promise<PostgresGeneration> {
    const generation = await this.#generation(number);
    this.#building.add(generation);
    return generation;
  }

  async switchTo(generation: PostgresGeneration): Promise<void> {
    const connections = this.#opened();
    const old = this.live();
    if (old === generation) return;
    const { schema, location } = this.#location;
    await this.#run((connections) =>
      connections.transaction(async (session) => {
        await generation.refuseOthers(session);
        const { count } = await session.query(`UPDATE ${schema}.live SET number = $1 WHERE number = $2`, [
          generation.number,
          old.number,
        ]);
        if (count === 0)
          throw new StoreUnavailableError(location, "another host has switched to a generation of its own");
      }),
    );
    this.#live = asLive(generation);
    this.#building.delete(generation);
    await old.close();
    await this.#replaced.remove(old, () => this.#remove(connections, old.number));
  }

  async drop(generation: PostgresGeneration): Promise<void> {
    const connections = this.#opened();
    if (!this.#building.delete(generation)) return;
    await generation.close();
    await this.#remove(connections, generation.number);
  }

  /** What is still read from is a leftover then, and removed at a later start. */
  async #remove(connections: Connections, number: number): Promise<void> {
    const { schema } = this.#location;
    try {
      await connections.transaction(async (session) => {
        await session.query(`SET LOCAL lock_timeout = ${times.postgres.dropMs}`);
        await session.query(`DELETE FROM ${schema}.generations WHERE number = $1`, [number]);
        await session.query(`DROP TABLE IF EXISTS ${rowsOf(schema, number)}`);
      });
    } catch (error) {
      if (sqlStateOf(error) !== "55P03") throw error;
    }
  }

  async #removeLeftovers(): Promise<void> {
    const { schema } = this.#location;
    const connections = this.#opened();
    const { rows } = await connections.query(
      `SELECT number FROM ${schema}.generations WHERE number <> (SELECT number FROM ${schema}.live)
         AND touched < clock_timestamp() - interval '${abandonedAfter}'`,
    );
    for (const [number] of rows as [number][]) await this.#remove(connections, number);
  }

  async backup(folder: string): Promise<TableBackup> {
    const of = this.live();
    const made = this.#run((connections) => this.#backups.write(connections, this.#location.schema, of, folder));
    return this.#replaced.whileCopied(of, made);
  }

  async restore(folder: string, checksum: string, order: string): Promise<PostgresGeneration> {
    return this.#run(async (connections) => {
      const backup = backupIn(folder);
      const { fields: given, origin, progress, parked } = await backup.readAbout(checksum);
      const fields: Fields = new Map(given.map((field) => [field.name, field]));
      const number = await connections.transaction(async (held) => {
        const { schema } = this.#location;
        const number = await this.#insert(held, fields, { ...origin, order });
        const table = rowsOf(schema, number);
        await held.query(createRows(table, fields));
        await readRows(held, table, columnsOf(fields), backup.rows);
        await held.query(createIndexes(table, fields));
        await storeProgress(held, schema, number, progress, randomUUID());
        for (const event of parked) await storeParked(held, schema, number, event);
        return number;
      });
      return this.#beside(number);
    });
  }

  async #run<Answer>(work: (connections: Connections) => Promise<Answer>): Promise<Answer> {
    try {
      return await work(this.#opened());
    } catch (error) {
      throw translate(this.#location.location, error);
    }
  }
}

function asLive(generation: PostgresGeneration): PostgresGeneration {
  generation.isLive = true;
  return generation;
}

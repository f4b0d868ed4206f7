import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { fieldsOf, fieldsToText, type Fields } from "../../core/rows/fields.ts";
import {
  noOrigin,
  type LiveGeneration,
  type Origin,
  type ReadTable,
  type Rows,
  type TableBackup,
  type TableCapabilities,
  type TableOpenOptions,
} from "../../core/table/read-table.ts";
import { storageName } from "../../core/errors/storage-name.ts";
import { Generations } from "../parts/generations.ts";
import { Connections, type Session } from "./connections.ts";
import { fence } from "./fence.ts";
import { PostgresGeneration, rowsOf, type StoredGeneration } from "./generation.ts";
import type { Location } from "./location.ts";
import { liveGenerations, storeParked, storeProgress } from "./stored-progress.ts";
import { dropLive, lockLive, removeGeneration, removeLeftovers } from "./removal.ts";
import { columnsOf, createIndexes, createRows } from "./row-codec.ts";
import { copyGeneration } from "./generation-copy.ts";
import { assertTable, checkServer, migrate } from "./schema.ts";
import { backupIn, readRows, TableBackups } from "./table-backup.ts";
import { readBy, tableMigrations } from "./table-schema.ts";
import { translate } from "./errors.ts";

/** A read table in a schema of a database: a table for each generation, and one row with each owner's live one. */
export class PostgresReadTable implements ReadTable {
  readonly engine = "postgres";
  readonly capabilities: TableCapabilities;
  readonly snapshotFolder: string;
  readonly #location: Location;
  #connections: Connections | null = null;
  #owner = "";
  readonly #generations: Generations<PostgresGeneration>;
  readonly #backups = new TableBackups();

  constructor(location: Location) {
    this.#location = location;
    this.capabilities = { durability: location.durability, hosts: "many", atomicBatch: true };
    this.snapshotFolder = resolve(location.folder, storageName(location.name), "snapshots");
    this.#generations = new Generations(location.location, {
      end: (generation) => generation.close(),
      remove: ({ connections, number }) => removeGeneration(connections, location.schema, number),
    });
  }

  async open(fields: Fields, origin: Origin = noOrigin, { owner = "" }: TableOpenOptions = {}): Promise<void> {
    if (this.#generations.isOpen) return;
    this.#owner = owner;
    const { location, server, durability, name, of: table, schema } = this.#location;
    let connections: Connections | undefined;
    try {
      connections = await Connections.to(location, server);
      await checkServer(location, connections, durability === "power");
      await migrate(location, connections, name, tableMigrations);
      await connections.transaction(async (session) => {
        await session.query(lockLive(schema));
        await assertTable(session, location, name, table);
        const { count } = await session.query(`SELECT FROM ${schema}.live LIMIT 1`);
        if (count > 0) return;
        const first = await this.#create(session, fields, origin);
        await session.query(`INSERT INTO ${schema}.live VALUES ($1, $2)`, [owner, first]);
      });
      this.#connections = connections;
      this.#generations.open(asLive(this.#generation(await this.#storedLive())));
      await removeLeftovers(connections, schema);
    } catch (error) {
      this.#connections = null;
      this.#generations.close();
      await connections?.end();
      throw translate(location, error);
    }
  }

  async close(): Promise<void> {
    const connections = this.#connections;
    const open = this.#generations.close();
    this.#connections = null;
    await this.#backups.close();
    await this.#generations.idle();
    for (const generation of open) await generation.close();
    await connections?.end();
  }

  #opened(): Connections {
    if (!this.#connections) throw new StoreUnavailableError(this.#location.location, "the read table is not open");
    return this.#connections;
  }

  /**
   * Changes the id of each last commit of this owner. A commit has to name the one before it, so the next commit of
   * another host is rejected.
   */
  async takeOver(): Promise<void> {
    await this.#run((connections) => fence(connections, this.#location, this.#owner));
    for (const generation of this.#generations.all()) generation.reload();
  }

  async refresh(): Promise<void> {
    await this.#run(() => this.#follow());
  }

  live(): PostgresGeneration {
    return this.#generations.live;
  }

  lives(): Promise<LiveGeneration[]> {
    return this.#run((connections) => liveGenerations(connections, this.#location.schema));
  }

  /** Opens the live generation if another host has switched. */
  async #follow(): Promise<Rows> {
    const [known, live] = [this.live(), await this.#storedLive()];
    if (known.number !== live.number) asLive(this.#generations.replaceLive(known, this.#generation(live)));
    return this.live().rows;
  }

  /** Read in one statement: the generation could be removed between two. */
  #storedLive(): Promise<StoredGeneration> {
    return this.#stored(`(SELECT number FROM ${this.#location.schema}.live ${readBy("$1")})`, this.#owner);
  }

  async #stored(number: string, value: string | number): Promise<StoredGeneration> {
    const { location, schema } = this.#location;
    const stored = await PostgresGeneration.read(this.#opened(), schema, number, value);
    if (!stored) throw new StoreUnavailableError(location, "the generation no longer exists");
    return stored;
  }

  #generation(stored: StoredGeneration): PostgresGeneration {
    return new PostgresGeneration(this.#location, this.#opened(), stored, this.#owner, () => this.#follow());
  }

  async #insert(session: Session, fields: Fields, origin: Origin): Promise<number> {
    const { schema } = this.#location;
    const { rows } = await session.query(
      `INSERT INTO ${schema}.generations (owner, fields, definition, request_id, last_commit)
       VALUES ($1, $2, $3, $4, $5) RETURNING number`,
      [this.#owner, fieldsToText(fields), origin.definition, origin.requestId, randomUUID()],
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
    return this.#generations.add(this.#generation(await this.#stored("$1", number)));
  }

  async copy(fields: Fields, origin: Origin): Promise<PostgresGeneration> {
    const { schema } = this.#location;
    return this.#generations.copy((live) =>
      this.#run(async (connections) =>
        this.#beside(
          await copyGeneration(connections, schema, live, fields, (session) => this.#insert(session, fields, origin)),
        ),
      ),
    );
  }

  async switchTo(generation: PostgresGeneration): Promise<void> {
    const { schema, location } = this.#location;
    await this.#generations.switchTo(generation, async (old) => {
      await this.#run((connections) =>
        connections.transaction(async (session) => {
          await generation.assertNotTakenOver(session);
          // A build that began after another host's takeover was not fenced by it, but the live generation was.
          await old.assertNotFenced(session);
          const { count } = await session.query(
            `INSERT INTO ${schema}.live AS live (owner, number) VALUES ($1, $2)
             ON CONFLICT (owner) DO UPDATE SET number = excluded.number, since = DEFAULT WHERE live.number = $3`,
            [this.#owner, generation.number, old.number],
          );
          if (count === 0)
            throw new StoreUnavailableError(location, "another host has switched to a generation of its own");
        }),
      );
      asLive(generation);
    });
  }

  drop(generation: PostgresGeneration): Promise<void> {
    return this.#generations.drop(generation);
  }

  async dropOwner(owner: string): Promise<void> {
    if (owner === this.#owner) return;
    const { schema } = this.#location;
    await this.#run(async (connections) => {
      const numbers = await dropLive(connections, schema, owner);
      if (numbers.length > 0) await fence(connections, this.#location, owner);
      for (const number of numbers) await removeGeneration(connections, schema, number);
    });
  }

  async backup(folder: string): Promise<TableBackup> {
    const { schema } = this.#location;
    return this.#generations.copy((live) =>
      this.#run((connections) => this.#backups.write(connections, schema, live, folder)),
    );
  }

  async restore(folder: string, checksum: string, requestId: string): Promise<PostgresGeneration> {
    return this.#run(async (connections) => {
      const backup = backupIn(folder);
      const { fields: given, origin, progress, parked } = await backup.readAbout(checksum);
      const fields = fieldsOf(given);
      const number = await connections.transaction(async (transaction) => {
        const { schema } = this.#location;
        const number = await this.#insert(transaction, fields, { ...origin, requestId });
        const table = rowsOf(schema, number);
        await transaction.query(createRows(table, fields));
        await readRows(transaction, table, columnsOf(fields), backup.rows);
        await transaction.query(createIndexes(table, fields));
        await storeProgress(transaction, schema, number, progress, randomUUID());
        for (const event of parked) await storeParked(transaction, schema, number, event);
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

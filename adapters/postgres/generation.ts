import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { fieldsFromText, type Fields } from "../../core/rows/fields.ts";
import type { Generation, Origin, ParkedStream, Progress, Rows } from "../../core/table/read-table.ts";
import { times } from "../../core/concurrency/times.ts";
import { PostgresBatch } from "./batch.ts";
import { CommittedRows } from "./committed-rows.ts";
import type { Connections, Transaction, Session } from "./connections.ts";
import { endFrozenWriter } from "./fence.ts";
import type { Location } from "./location.ts";
import { progressColumns, progressOf, storeProgress, type ProgressRow } from "./stored-progress.ts";
import { RowWriter } from "./row-writer.ts";
import { PostgresRows } from "./rows.ts";
import { literal } from "./schema.ts";
import { isOfConnection, translate } from "./errors.ts";

export const rowsOf = (schema: string, number: number) => `${schema}.rows_${number}`;

export interface StoredGeneration {
  number: number;
  owner: string;
  fields: Fields;
  origin: Origin;
  lastCommit: string;
}

/** One generation: a table of rows, a row in `generations`, and its parked streams. */
export class PostgresGeneration implements Generation {
  readonly number: number;
  readonly owner: string;
  readonly fields: Fields;
  readonly origin: Origin;
  readonly rows: Rows;
  /** Queries of a live generation check in the database that it is still live, since another host may switch. */
  isLive = false;
  readonly #location: Location;
  readonly connections: Connections;
  readonly #writer: RowWriter;
  readonly #table: string;
  /** True if hosts of another owner fold it. */
  readonly #isForeign: boolean;
  /** The last commit that this host knows. Null after a takeover until `progress` is read, and for another owner's. */
  #lastCommit: string | null;
  #batch: PostgresBatch | null = null;

  /**
   * @param reader the owner of this host
   * @param successor resolves to the rows of the currently live generation
   */
  constructor(
    location: Location,
    connections: Connections,
    stored: StoredGeneration,
    reader: string,
    successor: () => Promise<Rows>,
  ) {
    this.#location = location;
    this.connections = connections;
    this.number = stored.number;
    this.owner = stored.owner;
    this.fields = stored.fields;
    this.origin = stored.origin;
    this.#isForeign = stored.owner !== reader;
    this.#lastCommit = this.#isForeign ? null : stored.lastCommit;
    this.#table = rowsOf(location.schema, stored.number);
    this.#writer = new RowWriter(this.#table, stored.fields);
    const [plain, guarded] = ["true", `${location.schema}.is_live(${stored.number}, ${literal(reader)})`].map(
      (guard) => new PostgresRows(location.location, () => connections, this.#table, stored.fields, guard),
    );
    this.rows = new CommittedRows(
      () => (this.isLive ? guarded! : plain!),
      (error) => (this.isLive ? successor() : Promise.reject(this.#gone(error))),
    );
  }

  /** @param number in SQL, where $1 stands for `value` */
  static async read(
    session: Pick<Connections, "query">,
    schema: string,
    number: string,
    value: string | number,
  ): Promise<StoredGeneration | null> {
    const { rows } = await session.query(
      `SELECT number, owner, fields, definition, request_id, last_commit FROM ${schema}.generations WHERE number = ${number}`,
      [value],
    );
    if (rows.length === 0) return null;
    const [found, owner, fields, definition, requestId, lastCommit] = rows[0] as [
      ...[number, string, string],
      ...[string, string, string],
    ];
    const origin = { definition, requestId };
    return { number: found, owner, fields: fieldsFromText(fields), origin, lastCommit };
  }

  #gone(cause?: unknown): StoreUnavailableError {
    return new StoreUnavailableError(this.#location.location, `generation ${this.number} no longer exists`, cause);
  }

  async #run<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work();
    } catch (error) {
      throw translate(this.#location.location, error);
    }
  }

  async redefine(definition: string): Promise<void> {
    const { count } = await this.#run(() =>
      this.connections.query(
        `UPDATE ${this.#location.schema}.generations SET definition = $1 WHERE number = $2 AND last_commit = $3`,
        [definition, this.number, this.#lastCommit],
      ),
    );
    if (count === 0) throw this.#takenOver();
    this.origin.definition = definition;
  }

  /** After a takeover, `progress` has to be read before the next batch. */
  reload(): void {
    this.#lastCommit = null;
  }

  async progress(): Promise<Progress> {
    const { rows } = await this.#run(() =>
      this.connections.query(
        `SELECT last_commit, definition, ${progressColumns} FROM ${this.#location.schema}.generations WHERE number = $1`,
        [this.number],
      ),
    );
    if (rows.length === 0) throw this.#gone();
    const [lastCommit, definition, ...progress] = rows[0] as [string, string, ...ProgressRow];
    this.origin.definition = definition;
    // Only after a takeover: a host that merely reads must not fold from the progress of another host.
    if (!this.#isForeign) this.#lastCommit ??= lastCommit;
    return progressOf(progress);
  }

  async parked(): Promise<ParkedStream[]> {
    const { rows } = await this.#run(() =>
      this.connections.query(
        `SELECT event FROM ${this.#location.schema}.parked WHERE generation = $1 ORDER BY position, id`,
        [this.number],
      ),
    );
    return Array.from(rows as [string][], ([event]) => JSON.parse(event) as ParkedStream);
  }

  /**
   * @throws StoreUnavailableError if another host has folded since this host read the progress; read the progress
   *   again before the next batch
   */
  async begin(): Promise<PostgresBatch> {
    if (this.#batch?.hasEnded === false)
      throw new StoreUnavailableError(this.#location.location, "found a running batch, expected at most one at a time");
    const transaction = await this.#run(() => this.#turn());
    const { schema, location } = this.#location;
    this.#batch = new PostgresBatch(transaction, {
      location,
      schema,
      number: this.number,
      rowsIn: (session) => new PostgresRows(location, () => session, this.#table, this.fields),
      writer: this.#writer,
      commit: (progress) => this.#commit(transaction, progress),
    });
    return this.#batch;
  }

  /**
   * Waits for the lock on the row in `generations`. The batch keeps it until it ends, so there is one writer at a time.
   */
  async #turn(): Promise<Transaction> {
    const { schema, location } = this.#location;
    for (const deadline = Date.now() + times.postgres.turnMs; ;) {
      const transaction = await this.connections.begin("BEGIN ISOLATION LEVEL READ COMMITTED");
      try {
        const { rows } = await transaction.query(
          `SELECT last_commit, EXISTS (SELECT FROM ${schema}.live WHERE number = $1) FROM ${schema}.generations
           WHERE number = $1 FOR NO KEY UPDATE SKIP LOCKED`,
          [this.number],
        );
        const [lastCommit, isLive] = rows[0] ?? [];
        if (rows.length > 0 && this.isLive && isLive !== true) throw this.#gone();
        if (lastCommit === this.#lastCommit) return transaction;
        if (rows.length > 0) throw this.#takenOver();
        if (!(await PostgresGeneration.read(transaction, schema, "$1", this.number))) throw this.#gone();
        if (Date.now() > deadline) throw new StoreUnavailableError(location, "another host is writing to the table");
      } catch (error) {
        await transaction.end("ROLLBACK", error);
        throw error;
      }
      await transaction.end("ROLLBACK");
      await endFrozenWriter(this.connections, schema, this.number, times.postgres.frozenMs);
      await wait(times.postgres.retryMs);
    }
  }

  /** Throws if another host has folded this generation or taken it over. Prevents both until the transaction ends. */
  async assertNotTakenOver(session: Session): Promise<void> {
    const { rows } = await session.query(
      `SELECT last_commit FROM ${this.#location.schema}.generations WHERE number = $1 FOR NO KEY UPDATE`,
      [this.number],
    );
    if (rows[0]?.[0] !== this.#lastCommit) throw this.#takenOver();
  }

  /** Throws if this host knows an older commit. Waits for no lock, since a batch of this host may be open. */
  async assertNotFenced(session: Session): Promise<void> {
    const { count } = await session.query(
      `SELECT FROM ${this.#location.schema}.generations WHERE number = $1 AND last_commit <> $2`,
      [this.number, this.#lastCommit],
    );
    if (count > 0) throw this.#takenOver();
  }

  #takenOver(): StoreUnavailableError {
    return new StoreUnavailableError(this.#location.location, `generation ${this.number} was folded by another host`);
  }

  async #commit(transaction: Transaction, progress: Progress): Promise<void> {
    const commit = randomUUID();
    await storeProgress(transaction, this.#location.schema, this.number, progress, commit);
    try {
      await transaction.end("COMMIT");
    } catch (error) {
      if (!isOfConnection(error) || !(await this.#hasCommitted(commit))) throw error;
    }
    this.#lastCommit = commit;
  }

  /** True if a commit whose response was lost was stored. */
  async #hasCommitted(commit: string): Promise<boolean> {
    const { count } = await this.connections.retryQuery(
      `SELECT FROM ${this.#location.schema}.generations WHERE number = $1 AND last_commit = $2`,
      [this.number, commit],
    );
    return count > 0;
  }

  /** Rolls back an open batch. */
  async close(): Promise<void> {
    await this.#batch?.rollback();
  }
}

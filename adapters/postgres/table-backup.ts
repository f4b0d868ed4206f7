import { createReadStream } from "node:fs";
import type { Field } from "../../core/rows/fields.ts";
import type { Origin, ParkedStream, Progress, TableBackup } from "../../core/table/read-table.ts";
import { BackupFolder } from "../parts/backup-folder.ts";
import type { Connections, Transaction } from "./connections.ts";
import { copyIn, copyOut } from "./copy.ts";
import { rowsOf, type PostgresGeneration } from "./generation.ts";
import { columnsOf } from "./row-codec.ts";
import { progressColumns, progressOf, type ProgressRow } from "./stored-progress.ts";

/** The content of a backup besides the rows. */
interface About {
  fields: Field[];
  origin: Origin;
  progress: Progress;
  parked: ParkedStream[];
}

/** The rows are in the text format of COPY, which psql can read. */
export const backupIn = (folder: string): BackupFolder<About> => new BackupFolder(folder, "rows.copy");

/** Copies generations to files with COPY. */
export class TableBackups {
  readonly #running = new Set<Transaction>();

  /** Copies a snapshot of the generation: rows and checkpoint commit together. */
  write(
    connections: Connections,
    schema: string,
    generation: PostgresGeneration,
    folder: string,
  ): Promise<TableBackup> {
    return this.#reading(connections, async (transaction) => {
      const { number, fields } = generation;
      const { rows: found } = await transaction.query(
        `SELECT definition, request_id, (SELECT json_agg(event ORDER BY position, id) FROM ${schema}.parked WHERE generation = number),
           ${progressColumns} FROM ${schema}.generations WHERE number = $1`,
        [number],
      );
      const [definition, requestId, parked, ...row] = found[0] as [string, string, string[] | null, ...ProgressRow];
      const progress = progressOf(row);
      const origin = { definition, requestId };
      const events = (parked ?? []).map((event) => JSON.parse(event) as ParkedStream);
      const about: About = { fields: [...fields.values()], origin, progress, parked: events };
      const backup = backupIn(folder);
      await backup.writeAbout(about);
      const text = `COPY ${rowsOf(schema, number)} (${columnsOf(fields)}) TO STDOUT`;
      const rows = await backup.writeRows((write) => copyOut(transaction.client, text, write));
      return { rows, progress, origin, ...(await backup.measured()) };
    });
  }

  async #reading<Result>(
    connections: Connections,
    work: (transaction: Transaction) => Promise<Result>,
  ): Promise<Result> {
    const transaction = await connections.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    this.#running.add(transaction);
    try {
      return await work(transaction);
    } finally {
      this.#running.delete(transaction);
      await transaction.end("ROLLBACK");
    }
  }

  /** Ends the running backups, which reject. */
  async close(): Promise<void> {
    await Promise.all(
      [...this.#running].map((transaction) => transaction.end("ROLLBACK", new Error("the backup was ended"))),
    );
  }
}

/** Inserts a backup's rows into an empty table. */
export const readRows = (transaction: Transaction, table: string, columns: string, file: string): Promise<number> =>
  copyIn(transaction.client, `COPY ${table} (${columns}) FROM STDIN`, createReadStream(file));

import type Database from "better-sqlite3";
import { UnusableStoreError } from "../../core/errors/errors.ts";
import { fieldsFromText, type Fields } from "../../core/rows/fields.ts";
import type { Generation, Origin, ParkedStream, Progress } from "../../core/table/read-table.ts";
import { SqliteBatch } from "./batch.ts";
import type { BulkWork } from "./bulk-work.ts";
import { BusyError, isBusy, whenFree, Writes } from "./busy.ts";
import { openDatabase } from "./database.ts";
import { translate } from "./errors.ts";
import { FileQueries } from "./file-queries.ts";
import { OpenFiles, type OpenPaths } from "./open-files.ts";
import { createIndexes, createRows } from "./row-codec.ts";
import { SqliteRows } from "./rows.ts";
import { createTableFile, openWriter, removeFile, tableSchema } from "./table-file.ts";

/** A generation, with the paths of its file and of its table's lock file. */
export interface GenerationFile {
  number: number;
  owner: string;
  paths: Pick<OpenPaths, "database" | "lock">;
}

const remedy = "Restart the node: it rebuilds a table whose file is missing";

/** SQLite's default, in pages. */
const pagesPerCheckpoint = 1000;

interface Opened {
  of: GenerationFile;
  files: OpenFiles;
  writer: Database.Database;
  reader: Database.Database;
  fields: Fields;
  origin: Origin;
}

/**
 * A generation in one file (rows, parked streams and checkpoint), with one connection for writing and one for reading.
 */
export class SqliteGeneration implements Generation {
  readonly number: number;
  readonly owner: string;
  readonly fields: Fields;
  readonly origin: Origin;
  readonly #rows: SqliteRows;
  readonly file: string;
  readonly #writer: Database.Database;
  readonly #reader: Database.Database;
  readonly #batch: SqliteBatch;
  readonly #queries: FileQueries;
  readonly #writes = new Writes();
  readonly #files: OpenFiles;

  private constructor(opened: Opened) {
    const { of, writer, reader, fields, origin } = opened;
    const file = of.paths.database;
    this.number = of.number;
    this.owner = of.owner;
    this.file = file;
    this.#files = opened.files;
    this.#writer = writer;
    this.#reader = reader;
    this.fields = fields;
    this.origin = origin;
    this.#queries = new FileQueries(file);
    this.#rows = new SqliteRows(reader, file, fields, this.#queries);
    this.#batch = new SqliteBatch(writer, file, fields);
  }

  /**
   * Creates the file, replacing leftovers of a crash.
   * @throws UnusableStoreError if the existing file is not a generation of ours
   */
  static async create(of: GenerationFile, fields: Fields, origin: Origin): Promise<SqliteGeneration> {
    return whenFree(() => SqliteGeneration.#create(of, fields, origin));
  }

  static #create(of: GenerationFile, fields: Fields, origin: Origin): SqliteGeneration {
    const rows = createRows(fields) + createIndexes(fields);
    return SqliteGeneration.#with(of, createTableFile(of.paths.database, rows, fields, origin));
  }

  static async open(of: GenerationFile): Promise<SqliteGeneration> {
    return whenFree(() => SqliteGeneration.#with(of, openWriter(of.paths.database)));
  }

  static #with(of: GenerationFile, writer: Database.Database): SqliteGeneration {
    const file = of.paths.database;
    try {
      const about = writer.prepare("SELECT fields, definition, request_id FROM checkpoint").raw(true).get();
      if (about === undefined)
        throw new UnusableStoreError(
          file,
          "found a table without a checkpoint, expected one; delete the file to rebuild it",
        );
      const [fields, definition, requestId] = about as [string, string, string];
      const reader = openDatabase(file, tableSchema, {
        synchronous: "NORMAL",
        readonly: true,
      });
      const files = new OpenFiles(of.paths, null, remedy);
      const origin = { definition, requestId };
      return new SqliteGeneration({ of, files, writer, reader, fields: fieldsFromText(fields), origin });
    } catch (error) {
      writer.close();
      throw translate(file, error);
    }
  }

  /** @throws MovedFilesError */
  get rows(): SqliteRows {
    this.#files.check();
    return this.#rows;
  }

  /**
   * Disables checkpoints during a long read of the file. Commits meanwhile stay in the write-ahead log. A commit would
   * have to checkpoint all of them, so the worker thread does it instead.
   */
  async withoutCheckpoints<Answer>(work: BulkWork, reading: () => Promise<Answer>): Promise<Answer> {
    this.#writer.pragma("wal_autocheckpoint = 0");
    try {
      const answer = await reading();
      await work.run("checkpoint", this.file);
      return answer;
    } finally {
      if (this.#writer.open) this.#writer.pragma(`wal_autocheckpoint = ${pagesPerCheckpoint}`);
    }
  }

  /** Sets the build order of a generation that was copied from another one. */
  async setRequestId(requestId: string): Promise<void> {
    await this.#write(() => this.#writer.prepare("UPDATE checkpoint SET request_id = ?").run(requestId));
    this.origin.requestId = requestId;
  }

  async redefine(definition: string): Promise<void> {
    await this.#write(() => this.#writer.prepare("UPDATE checkpoint SET definition = ?").run(definition));
    this.origin.definition = definition;
  }

  async #write<Answer>(work: () => Answer): Promise<Answer> {
    try {
      return await this.#writes.run(() => {
        this.#files.check();
        return work();
      });
    } catch (error) {
      throw translate(this.file, error);
    }
  }

  /** Syncs all commits to disk. A reader may prevent the truncation of the write-ahead log, but not the sync. */
  async flush(): Promise<void> {
    await this.#write(() => {
      const [state] = this.#writer.pragma("wal_checkpoint(TRUNCATE)") as { log: number }[];
      // Another connection is running a checkpoint, so this one has synced nothing.
      if (state?.log === -1) throw new BusyError();
    });
  }

  progress(): Progress | Promise<Progress> {
    return this.#read(() => this.#progress());
  }

  #progress(): Progress {
    const row = this.#reader
      .prepare("SELECT position, folded, position_id, reordered, log FROM checkpoint")
      .raw(true)
      .get();
    const [position, folded, positionId, reordered, log] = row as [
      number,
      number,
      string | null,
      number,
      string | null,
    ];
    return { position, folded, positionId, reordered: reordered === 1, log };
  }

  parked(): ParkedStream[] | Promise<ParkedStream[]> {
    return this.#read(() => {
      const rows = this.#reader.prepare("SELECT event FROM parked ORDER BY position").pluck().all() as string[];
      return Array.from(rows, (event) => JSON.parse(event) as ParkedStream);
    });
  }

  /** Returns a promise only while another process has the file locked. */
  #read<Answer>(query: () => Answer): Answer | Promise<Answer> {
    try {
      this.#files.check();
      return query();
    } catch (error) {
      if (!isBusy(error)) throw translate(this.file, error);
      return this.#write(query);
    }
  }

  begin(): SqliteBatch | Promise<SqliteBatch> {
    return this.#writes.run(() => {
      this.#files.check();
      this.#batch.begin();
      return this.#batch;
    });
  }

  /** Running queries reject with StoreUnavailableError. */
  async close(): Promise<void> {
    await this.#queries.close();
    this.#closeConnections();
  }

  #closeConnections(): void {
    this.#reader.close();
    this.#writer.close();
  }

  /** @throws MovedFilesError if the path no longer names the open file */
  check(): void {
    this.#files.check();
  }

  /** True while queries have the file open. */
  get isQueried(): boolean {
    return this.#queries.isRunning;
  }

  /** Waits for the queries that have been started. */
  async remove(): Promise<void> {
    await this.#queries.settled();
    await this.close();
    removeFile(this.file);
  }
}

import type Database from "better-sqlite3";
import { DuplicateRowError, InvalidRowError, StoreUnavailableError } from "../../core/errors.ts";
import { missingFields, type Fields } from "../../core/fields.ts";
import type { Batch, ParkedEvent, Progress, RowChange } from "../../core/read-table.ts";
import { isSqliteError, Statements, translate } from "./database.ts";
import { encode, quote } from "./row-codec.ts";
import { SqliteRows } from "./rows.ts";

/** Writes one transaction at a time on the generation's only writing connection; its statements are kept. */
export class SqliteBatch implements Batch {
  readonly rows: SqliteRows;
  readonly #db: Database.Database;
  readonly #file: string;
  readonly #fields: Fields;
  readonly #statements: Statements;
  #isMarked = false;

  constructor(db: Database.Database, file: string, fields: Fields) {
    this.#db = db;
    this.#statements = new Statements(db);
    this.#file = file;
    this.#fields = fields;
    this.rows = new SqliteRows(db, file, fields);
  }

  #run(sql: string, ...values: unknown[]): number {
    // SQLite ends a transaction by itself when the disk is full: what follows must not be committed one by one.
    if (!this.#db.inTransaction)
      throw new StoreUnavailableError(this.#file, "the batch was ended by an earlier failure");
    return this.#execute(sql, values);
  }

  #execute(sql: string, values: unknown[] = []): number {
    try {
      return this.#statements.prepare(sql).run(...values).changes;
    } catch (error) {
      throw translate(this.#file, error);
    }
  }

  begin(): void {
    this.#isMarked = false;
    this.#execute("BEGIN IMMEDIATE");
  }

  apply(changes: readonly RowChange[]): void {
    if (changes.length === 1) return this.#change(changes[0]!);
    if (changes.length === 0) return;
    this.#run("SAVEPOINT apply");
    try {
      for (const change of changes) this.#change(change);
      this.#run("RELEASE apply");
    } catch (error) {
      // A full disk has ended the whole transaction, the savepoint with it.
      if (this.#db.inTransaction) {
        this.#run("ROLLBACK TO apply");
        this.#run("RELEASE apply");
      }
      throw error;
    }
  }

  #change(change: RowChange): void {
    try {
      if (change.operation === "remove") this.#run('DELETE FROM "rows" WHERE id = ?', change.id);
      else if (change.operation === "create") this.#create(change.id, change.values);
      else this.#update(change.id, change.values);
    } catch (error) {
      throw this.#asRowError(error, change);
    }
  }

  #create(id: string, values: Record<string, unknown>): void {
    const missing = missingFields(this.#fields, values);
    if (missing.length > 0) throw new InvalidRowError(missing);
    const names = Object.keys(values);
    this.#run(insertInto(names), id, ...this.#encoded(names, values));
  }

  #update(id: string, values: Record<string, unknown>): void {
    const names = Object.keys(values);
    const encoded = this.#encoded(names, values);
    const missing = missingFields(this.#fields, values);
    if (missing.length === 0) {
      const set =
        names.length === 0
          ? "NOTHING"
          : `UPDATE SET ${names.map((name) => `${quote(name)} = excluded.${quote(name)}`).join(", ")}`;
      this.#run(`${insertInto(names)} ON CONFLICT (id) DO ${set}`, id, ...encoded);
      return;
    }
    // A required field is left out: fine where the row is there, and it keeps its value.
    const set = names.length === 0 ? "id = id" : names.map((name) => `${quote(name)} = ?`).join(", ");
    if (this.#run(`UPDATE "rows" SET ${set} WHERE id = ?`, ...encoded, id) === 0) throw new InvalidRowError(missing);
  }

  #encoded(names: readonly string[], values: Record<string, unknown>): unknown[] {
    return names.map((name) => encode(this.#fields.get(name)!, values[name]));
  }

  #asRowError(error: unknown, change: RowChange): unknown {
    if (!isSqliteError(error) || !/^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY)$/.test(error.code)) return error;
    const field = /\brows\.(\w+)$/.exec(error.message)?.[1] ?? "id";
    const found = change.operation === "remove" || field === "id" ? change.id : change.values[field];
    return new DuplicateRowError(field, found);
  }

  mark(): void {
    if (this.#isMarked) this.#run("RELEASE mark");
    this.#run("SAVEPOINT mark");
    this.#isMarked = true;
  }

  undo(): void {
    if (this.#db.inTransaction) this.#run("ROLLBACK TO mark");
  }

  park(event: ParkedEvent): void {
    this.#run(
      "INSERT INTO parked VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET event = excluded.event",
      event.id,
      event.position,
      JSON.stringify(event),
    );
  }

  unpark(id: string): void {
    this.#run("DELETE FROM parked WHERE id = ?", id);
  }

  commit({ position, folded, positionId, reordered, log }: Progress): void {
    this.#run(
      "UPDATE checkpoint SET position = ?, folded = ?, position_id = ?, reordered = ?, log = ?",
      position,
      folded,
      positionId,
      Number(reordered),
      log,
    );
    this.#run("COMMIT");
  }

  rollback(): void {
    if (this.#db.inTransaction) this.#run("ROLLBACK");
  }
}

const insertInto = (names: readonly string[]) =>
  `INSERT INTO "rows" (${["id", ...names].map(quote).join(", ")}) VALUES (?${", ?".repeat(names.length)})`;

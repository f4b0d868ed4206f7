import type Database from "better-sqlite3";
import { DuplicateRowError, InvalidRowError, StoreUnavailableError } from "../../core/errors/errors.ts";
import { missingFields, type Fields } from "../../core/rows/fields.ts";
import type { Batch, ParkedStream, Progress } from "../../core/table/read-table.ts";
import { isSqliteError, translate } from "./errors.ts";
import { Statements } from "./statements.ts";
import { RowPlans } from "./row-plan.ts";
import { SqliteRows } from "./rows.ts";
import type { RowChange } from "../../core/rows/row-change.ts";

type Statement = Database.Statement<unknown[], unknown[]>;

/** One batch at a time on the generation's only writing connection. Prepared statements are reused across batches. */
export class SqliteBatch implements Batch {
  readonly rows: SqliteRows;
  readonly #fields: Fields;
  readonly #db: Database.Database;
  readonly #file: string;
  readonly #statements: Statements;
  readonly #begin: Statement;
  readonly #save: Statement;
  readonly #commit: Statement;
  #isMarked = false;
  #isOpen = false;
  readonly #plans: RowPlans;

  constructor(db: Database.Database, file: string, fields: Fields) {
    this.#db = db;
    this.#fields = fields;
    this.#statements = new Statements(db);
    this.#plans = new RowPlans(fields, (sql) => this.#statement(sql));
    this.#file = file;
    this.#begin = this.#statement("BEGIN IMMEDIATE");
    this.#save = this.#statement(
      "UPDATE checkpoint SET position = ?, folded = ?, position_id = ?, reordered = ?, log = ?",
    );
    this.#commit = this.#statement("COMMIT");
    this.rows = new SqliteRows(db, file, fields, null);
  }

  #run(sql: string, ...values: unknown[]): number {
    return this.#execute(this.#statement(sql), values);
  }

  #statement(sql: string): Statement {
    try {
      return this.#statements.prepare(sql);
    } catch (error) {
      throw translate(this.#file, error);
    }
  }

  #execute(statement: Statement, values: unknown[]): number {
    // SQLite ends the transaction itself if the disk is full. Later statements of the batch would then commit one by
    // one.
    if (!this.#isOpen) throw new StoreUnavailableError(this.#file, "the batch was ended by an earlier failure");
    try {
      return statement.run(...values).changes;
    } catch (error) {
      this.#isOpen = this.#db.inTransaction;
      throw translate(this.#file, error);
    }
  }

  begin(): void {
    this.#isMarked = false;
    this.#isOpen = true;
    try {
      this.#execute(this.#begin, []);
    } catch (error) {
      this.#isOpen = false;
      throw error;
    }
  }

  apply(changes: readonly RowChange[]): void {
    if (changes.length === 1) return this.#change(changes[0]!);
    if (changes.length === 0) return;
    this.#run("SAVEPOINT apply");
    try {
      for (const change of changes) this.#change(change);
      this.#run("RELEASE apply");
    } catch (error) {
      // A full disk has ended the whole transaction, including the savepoint.
      if (this.#db.inTransaction) {
        this.#run("ROLLBACK TO apply");
        this.#run("RELEASE apply");
      }
      throw error;
    }
  }

  #change(change: RowChange): void {
    try {
      if (change.operation === "remove") return void this.#run('DELETE FROM "rows" WHERE id = ?', change.id);
      const { operation, id, values } = change;
      const plan = this.#plans.of(operation, values);
      const isWhole = plan.missing.length === 0;
      if (operation === "create" && !isWhole) throw new InvalidRowError(plan.missing);
      const changes = this.#execute(plan.statement, plan.bind(id, values));
      // An update may omit a required field if the row exists: the row keeps its value.
      if (changes === 0 && !isWhole) throw new InvalidRowError(plan.missing);
    } catch (error) {
      throw this.#asRowError(error, change);
    }
  }

  #asRowError(error: unknown, change: RowChange): unknown {
    if (isSqliteError(error) && error.code === "SQLITE_CONSTRAINT_NOTNULL" && change.operation !== "remove")
      return new InvalidRowError(missingFields(this.#fields, change.values));
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

  park(event: ParkedStream): void {
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
    this.#execute(this.#save, [position, folded, positionId, Number(reordered), log]);
    this.#execute(this.#commit, []);
    this.#isOpen = false;
  }

  rollback(): void {
    if (this.#db.inTransaction) this.#run("ROLLBACK");
    this.#isOpen = false;
  }
}

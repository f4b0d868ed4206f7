import type Database from "better-sqlite3";

/** Keeps the statements of changing text (queries, rows of changing fields); the least recently used one goes first. */
export class Statements {
  readonly #db: Database.Database;
  readonly #bySql = new Map<string, Database.Statement<unknown[], unknown[]>>();

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /**
   * A prepared statement; one that answers rows answers them as arrays. Arrays of better-sqlite3, and what `map` makes of them, belong to the
   * realm that loaded it first (jest has a realm for each file): what leaves this adapter is made by `Array.from`.
   */
  prepare(sql: string): Database.Statement<unknown[], unknown[]> {
    const known = this.#bySql.get(sql);
    if (known) this.#bySql.delete(sql);
    const statement = known ?? (this.#db.prepare(sql) as Database.Statement<unknown[], unknown[]>);
    if (!known && statement.reader) statement.raw(true);
    this.#bySql.set(sql, statement);
    if (this.#bySql.size > 100) this.#bySql.delete(this.#bySql.keys().next().value!);
    return statement;
  }
}

import type Database from "better-sqlite3";

/**
 * Caches prepared statements whose text varies (queries, rows with some of their fields), and evicts the least recently
 * used.
 */
export class Statements {
  readonly #db: Database.Database;
  readonly #bySql = new Map<string, Database.Statement<unknown[], unknown[]>>();

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /**
   * Statements return rows as arrays. Arrays of better-sqlite3, and those that their `map` returns, belong to the realm
   * that loaded it first (jest has a realm for each file). The adapter therefore returns arrays that `Array.from`
   * makes.
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

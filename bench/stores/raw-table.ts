import Database from "better-sqlite3";
import { createRows } from "../../adapters/sqlite/row-codec.ts";
import { parseFields } from "../../core/rows/fields.ts";
import type { Payload } from "../events.ts";
import { fields } from "./ours.ts";

/**
 * The read table without our package: the same table and indexes in another file, with rows and checkpoint in one
 * commit.
 */
export class RawTable {
  readonly db: Database.Database;
  readonly #upsert: Database.Statement;
  readonly #checkpoint: Database.Statement;
  readonly #get: Database.Statement<[string], { total: number; events: number }>;

  constructor(file: string) {
    this.db = new Database(file);
    this.db.pragma("journal_mode = WAL");
    this.db.pragma("synchronous = NORMAL");
    this.db.exec(createRows(parseFields("raw", fields)));
    this.db.exec("CREATE TABLE checkpoint (position INTEGER NOT NULL) STRICT; INSERT INTO checkpoint VALUES (0)");
    this.#upsert = this.db.prepare(
      `INSERT INTO "rows" (id, name, city, amount, total, events) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET name = excluded.name, city = excluded.city, amount = excluded.amount,
       total = excluded.total, events = excluded.events`,
    );
    this.#checkpoint = this.db.prepare("UPDATE checkpoint SET position = ?");
    this.#get = this.db.prepare(`SELECT * FROM "rows" WHERE id = ?`);
  }

  /** Folds a batch. With `queries`, each row is read first, and the event is added to it. */
  fold(payloads: readonly Payload[], position: number, queries: boolean): void {
    this.db.exec("BEGIN IMMEDIATE");
    for (const { id, name, city, amount } of payloads) {
      const row = queries ? this.#get.get(id) : undefined;
      this.#upsert.run(id, name, city, amount, (row?.total ?? 0) + amount, (row?.events ?? 0) + 1);
    }
    this.#checkpoint.run(position);
    this.db.exec("COMMIT");
  }

  close(): void {
    this.db.close();
  }
}

import Database from "better-sqlite3";
import { columns, logSchema, toEvent, type EventRow } from "../../adapters/sqlite/event-schema.ts";
import { newEventId } from "../../core/event/event-id.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { eventType, meta, streamOf, type Payload } from "../events.ts";

/** One append: the version of its stream, and the payloads to add. */
export interface RawAppend {
  entity: string;
  version: number;
  payloads: readonly Payload[];
}

/**
 * The engine without our package: better-sqlite3 on the same tables and indexes, with the least that keeps versions
 * right.
 */
export class RawLog {
  readonly db: Database.Database;
  #head: number;
  readonly #insert: Database.Statement;
  readonly #version: Database.Statement<[string], number>;
  readonly #stream: Database.Statement<unknown[], EventRow>;
  readonly #page: Database.Statement<unknown[], EventRow>;

  constructor(file: string) {
    this.db = new Database(file);
    this.db.pragma("journal_mode = WAL");
    this.db.pragma("synchronous = FULL");
    const isNew = this.db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() === 0;
    if (isNew) for (const migration of logSchema.migrations) this.db.exec(migration);
    this.#head = this.db.prepare<[], number>("SELECT ifnull(max(position), 0) FROM events").pluck().get()!;
    this.#insert = this.db.prepare(`INSERT INTO events (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
    // "+?": with a bare parameter, this build of SQLite prepares such a statement again for each value.
    this.#version = this.db
      .prepare<[string], number>("SELECT version FROM events WHERE stream = +? ORDER BY version DESC LIMIT 1")
      .pluck();
    const select = `SELECT ${columns} FROM events`;
    this.#stream = this.db.prepare<unknown[], EventRow>(`${select} WHERE stream = +? ORDER BY version LIMIT +?`).raw();
    this.#page = this.db.prepare<unknown[], EventRow>(`${select} WHERE position > +? ORDER BY position LIMIT +?`).raw();
  }

  /** Many appends in one transaction, each with its version read and checked. */
  append(appends: readonly RawAppend[]): void {
    this.db.exec("BEGIN IMMEDIATE");
    const time = new Date().toISOString();
    for (const { entity, version, payloads } of appends) {
      const stream = streamOf(entity);
      const found = this.#version.get(stream) ?? 0;
      if (found !== version) throw new Error(`${stream} is at version ${found}, expected ${version}`);
      payloads.forEach((payload, index) => this.#store(stream, version + 1 + index, time, payload));
    }
    this.db.exec("COMMIT");
  }

  #store(stream: string, version: number, time: string, payload: Payload): void {
    const [payloadText, metaText] = [JSON.stringify(payload), JSON.stringify(meta)];
    this.#insert.run(++this.#head, newEventId(), eventType, version, stream, time, payloadText, metaText);
  }

  stream(stream: string, limit: number): RecordedEvent[] {
    return this.#stream.all(stream, limit).map((row) => toEvent(row));
  }

  page(after: number, limit: number): RecordedEvent[] {
    return this.#page.all(after, limit).map((row) => toEvent(row));
  }

  close(): void {
    this.db.close();
  }
}

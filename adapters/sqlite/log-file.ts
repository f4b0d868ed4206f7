import type Database from "better-sqlite3";
import type { AppendRequest } from "../../core/log/append-request.ts";
import type { NewEvent } from "../../core/log/new-event.ts";
import { Claims } from "../../core/log/claims.ts";
import { claimsPart } from "../../core/log/claims-part.ts";
import type { OpenParts } from "../../core/log/log-parts.ts";
import type { AppendVerdict, Page, ReadOptions } from "../../core/log/event-log.ts";
import { decideInOrder } from "../../core/log/decide-in-order.ts";
import { eventTime } from "../../core/event/event-time.ts";
import { conflictOf } from "../../core/log/expected-version.ts";
import { MixedStreamError } from "../../core/log/links.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import { maxPageBytes, pageBytesOf } from "../../core/log/page-size.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { repeatOf } from "../../core/log/repeat.ts";
import { categoryOf } from "../../core/event/stream-name.ts";
import { SqliteKeptClaims } from "./kept-claims.ts";
import { Control } from "./control.ts";
import { columns, toEvent, type EventRow, type UnplacedRow } from "./event-schema.ts";
import { EventTypes } from "./event-types.ts";
import { FileQueries } from "./file-queries.ts";
import type { HostFile } from "./host-file.ts";
import { Links } from "./links.ts";
import { LogQueries } from "./log-queries.ts";
import type { OpenFiles } from "./open-files.ts";
import { RecentRows } from "./recent-rows.ts";
import { firstRows, nextRows } from "./stream-page.ts";
import { unseen } from "./where.ts";

/** Maximum number of events that one page examines, wanted or not. It bounds the duration of a read. */
const eventsPerPage = 10_000;
/** Size of the cache of stream versions. */
const maxVersions = 10_000;

/** The open file: its statements, and caches that stay correct because only this host writes the file. */
export class LogFile {
  readonly db: Database.Database;
  readonly host: HostFile;
  readonly files: OpenFiles;
  readonly queries: LogQueries;
  readonly #fileQueries: FileQueries;
  readonly parts: OpenParts;
  readonly claims: Claims;
  readonly links: Links;
  readonly types: EventTypes;
  identity: string;
  head: number;
  #lastTime: string;
  readonly #versions = new Map<string, number>();
  readonly #recent = new RecentRows();
  #uncommitted: EventRow[] = [];
  #now = "";
  readonly #begin: Database.Statement;
  readonly #commit: Database.Statement;
  readonly #rollback: Database.Statement;
  readonly #insert: Database.Statement;
  readonly #version: Database.Statement<[string], number>;
  readonly #forward: Database.Statement;
  readonly #backward: Database.Statement;

  constructor(db: Database.Database, host: HostFile, files: OpenFiles) {
    this.db = db;
    this.host = host;
    this.files = files;
    const kept = new SqliteKeptClaims(db);
    this.claims = new Claims(kept);
    this.links = new Links(db);
    this.types = new EventTypes(db);
    this.parts = {
      control: new Control(db),
      claims: claimsPart(this.claims, {
        head: () => this.head,
        page: (generation, options, position) => ({ position, claims: kept.page(generation, options) }),
        change: (change) => this.#changeClaims(change),
      }),
      links: this.links,
    };
    this.#fileQueries = new FileQueries(db.name);
    this.queries = new LogQueries(db, this.links, this.#fileQueries);
    this.identity = db.prepare("SELECT value FROM about WHERE key = 'identity'").pluck().get() as string;
    const last = db.prepare("SELECT position, time FROM events ORDER BY position DESC LIMIT 1").raw(true).get();
    [this.head, this.#lastTime] = (last as [number, string] | undefined) ?? [0, ""];
    // BEGIN IMMEDIATE takes the write lock before a version is read, so no writer can slip in between.
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#rollback = db.prepare("ROLLBACK");
    this.#insert = db.prepare(`INSERT INTO events (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#version = db
      .prepare<[string], number>(`SELECT version FROM events WHERE stream = ${unseen} ORDER BY version DESC LIMIT 1`)
      .pluck();
    const select = `SELECT ${columns} FROM events`;
    this.#forward = db.prepare(`${select} WHERE position > ${unseen} ORDER BY position LIMIT ${unseen}`).raw(true);
    this.#backward = db
      .prepare(`${select} WHERE position < ${unseen} ORDER BY position DESC LIMIT ${unseen}`)
      .raw(true);
  }

  /** Running queries reject with StoreUnavailableError. */
  async close(): Promise<void> {
    await this.#fileQueries.close();
    this.db.close();
  }

  /** Must be called in a transaction. */
  decide(requests: readonly AppendRequest[], now = new Date()): AppendVerdict[] {
    this.#now = now.toISOString();
    return decideInOrder(requests, (request) => this.#decide(request));
  }

  /** Runs `work` in one transaction. After an error, or with "ROLLBACK", nothing is stored. */
  transact<Answer>(work: () => Answer, end: "COMMIT" | "ROLLBACK" = "COMMIT"): Answer {
    const { head } = this;
    const lastTime = this.#lastTime;
    if (this.#versions.size > maxVersions) this.#versions.clear();
    this.#uncommitted = [];
    this.#begin.run();
    let isCommitted = false;
    try {
      const answer = work();
      if (end === "ROLLBACK") return answer;
      this.types.stored(head, this.head);
      this.#commit.run();
      isCommitted = true;
      this.#recent.add(this.#uncommitted);
      return answer;
    } finally {
      if (!isCommitted) {
        this.head = head;
        this.#lastTime = lastTime;
        for (const row of this.#uncommitted) this.#versions.delete(row[4]);
        // SQLite rolls back itself if the disk is full.
        if (this.db.inTransaction) this.#rollback.run();
        this.claims.reload();
      }
    }
  }

  #changeClaims<Answer>(change: () => Answer): Answer {
    try {
      return this.db.transaction(change).immediate();
    } catch (error) {
      this.claims.reload();
      throw error;
    }
  }

  /** Every reason to reject is found before the first row is written, so a rejection leaves nothing to undo. */
  #decide(request: AppendRequest): AppendVerdict {
    const { stream, events, expectedVersion } = request;
    const repeat = repeatOf(request, (id) => this.queries.byId(id));
    if (repeat) return repeat;
    const version = this.#versions.get(stream) ?? this.#version.get(stream) ?? 0;
    if (version === 0 && this.links.has(stream)) return { error: new MixedStreamError(stream, "links") };
    const conflict = conflictOf(stream, expectedVersion, version);
    const refusal = conflict ?? this.claims.refusalOf(request);
    if (refusal) return { error: refusal };
    const first = this.head + 1;
    const stored = events.map((event, index) => this.#store(stream, version + 1 + index, event));
    this.claims.stored(request, first);
    return { events: stored, repeated: false };
  }

  #store(stream: string, version: number, event: NewEvent): RecordedEvent {
    const { id, type, payload, meta, payloadText, metaText } = event;
    const time = eventTime(this.#now, this.#lastTime, event.time);
    const position = this.insert([id, type, version, stream, time, payloadText, metaText]);
    return {
      id,
      type,
      stream,
      version,
      position,
      time,
      payload: payload as RecordedEvent["payload"],
      meta,
    };
  }

  /** Adds an event and returns its position. Must be called in a transaction. */
  insert(event: UnplacedRow): number {
    const row: EventRow = [++this.head, ...event];
    this.#lastTime = row[5];
    this.#insert.run(row);
    this.#uncommitted.push(row);
    this.#versions.set(row[4], row[3]);
    return this.head;
  }

  async read({ after, limit, backward, wanted, category, onDamaged }: ReadOptions): Promise<Page> {
    const statement = backward ? this.#backward : this.#forward;
    const events: RecordedEvent[] = [];
    let position = after;
    let bytes = 0;
    const isEnd = () => (backward ? position <= 1 : position >= this.head);
    const isFiltered = wanted !== undefined || category !== undefined;
    let most = Math.min(isFiltered ? eventsPerPage : limit, firstRows);
    let pace: Pace | undefined;
    for (let seen = 0; seen < eventsPerPage;) {
      const step = Math.min(most, isFiltered ? eventsPerPage - seen : limit - events.length);
      const recent = backward ? null : this.#recent.after(position, step);
      const rows = recent ?? (statement.all(position, step) as EventRow[]);
      for (const row of rows) {
        const isWanted = (!wanted || wanted(row[2])) && (category === undefined || categoryOf(row[4]) === category);
        if (isWanted) {
          bytes += pageBytesOf(row[4], row[2], row[6], row[7]);
          if (bytes > maxPageBytes && events.length > 0) return { events, position, end: false };
          events.push(toEvent(row, onDamaged));
        }
        position = row[0];
        if (events.length >= limit) return { events, position, end: isEnd() };
      }
      seen += rows.length;
      if (rows.length < step) return { events, position, end: true };
      most = nextRows(most, rows);
      // Most pages end with the first step, so the pace is taken from the second on.
      pace ??= new Pace();
      if (pace.isDue()) await pace.turn();
    }
    return { events, position, end: isEnd() };
  }
}

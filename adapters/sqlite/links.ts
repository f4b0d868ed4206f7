import type Database from "better-sqlite3";
import { eventsToLink, MixedStreamError, type Linked, type LinkedStream } from "../../core/log/links.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import { columns } from "./event-schema.ts";
import { unseen } from "./where.ts";

interface Found {
  position: number;
  type: string;
}

/** The streams of links, in a table beside the events. */
export class Links {
  /** Both return rows of events, each followed by its version in the stream of links. */
  readonly forward: Database.Statement;
  readonly backward: Database.Statement;
  readonly #has: Database.Statement<[string], number>;
  readonly #hasEvents: Database.Statement<[string], number>;
  readonly #byId: Database.Statement<[string], Found>;
  readonly #insert: Database.Statement<[string, number, number, string, number]>;
  readonly #version: Database.Statement<[string], number>;
  readonly #nextName: Database.Statement<[string], string>;
  readonly #link: (stream: string, ids: readonly string[]) => Linked;
  /** Cached, since only this host writes the file. Most logs have no links, and then new streams need no query. */
  #isAny: boolean;

  constructor(db: Database.Database) {
    const event = columns.replaceAll(/\w+/g, "e.$&");
    // CROSS JOIN fixes the join order: first the links of one stream, then the event of each.
    const select = `SELECT ${event}, l.version FROM links l CROSS JOIN events e ON e.position = l.position
      WHERE l.stream = ${unseen} AND l.version`;
    this.forward = db.prepare(`${select} > ${unseen} ORDER BY l.version LIMIT ${unseen}`).raw(true);
    this.backward = db.prepare(`${select} < ${unseen} ORDER BY l.version DESC LIMIT ${unseen}`).raw(true);
    this.#has = db.prepare<[string], number>(`SELECT 1 FROM links WHERE stream = ${unseen} LIMIT 1`).pluck();
    this.#hasEvents = db.prepare<[string], number>(`SELECT 1 FROM events WHERE stream = ${unseen} LIMIT 1`).pluck();
    this.#byId = db.prepare("SELECT position, type FROM events WHERE id = ?");
    // Not ON CONFLICT DO NOTHING: the trigger against replacements would reject the insert first.
    this.#insert = db.prepare(
      "INSERT INTO links SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM links WHERE stream = ? AND position = ?)",
    );
    this.#version = db
      .prepare<[string], number>(`SELECT version FROM links WHERE stream = ${unseen} ORDER BY version DESC LIMIT 1`)
      .pluck();
    this.#nextName = db
      .prepare<[string], string>(`SELECT stream FROM links WHERE stream > ${unseen} ORDER BY stream LIMIT 1`)
      .pluck();
    this.#isAny = db.prepare("SELECT 1 FROM links LIMIT 1").get() !== undefined;
    const transaction = db.transaction((stream: string, ids: readonly string[]) => this.#insertAll(stream, ids));
    this.#link = (stream, ids) => transaction.immediate(stream, ids);
  }

  has(stream: string): boolean {
    return this.#isAny && this.#has.get(stream) !== undefined;
  }

  /** Skips from name to name along the index, without reading the links of each stream. */
  async streams({ after = "", limit }: { after?: string; limit: number }): Promise<LinkedStream[]> {
    const streams: LinkedStream[] = [];
    const pace = new Pace();
    let name: string | undefined = after;
    while (streams.length < limit && (name = this.#nextName.get(name)) !== undefined) {
      streams.push({ stream: name, version: this.#version.get(name)! });
      if (pace.isDue()) await pace.turn();
    }
    return streams;
  }

  add(stream: string, ids: readonly string[]): Linked {
    const linked = this.#link(stream, ids);
    this.#isAny = true;
    return linked;
  }

  #insertAll(stream: string, ids: readonly string[]): Linked {
    if (this.#hasEvents.get(stream) !== undefined) throw new MixedStreamError(stream, "events");
    const before = this.#version.get(stream) ?? 0;
    let version = before;
    for (const { position } of eventsToLink(ids, (id) => this.#byId.get(id)))
      version += this.#insert.run(stream, version + 1, position, stream, position).changes;
    return { version, linked: version - before };
  }
}

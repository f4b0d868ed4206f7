import { eventsToLink, MixedStreamError, type Linked, type LinkedStream, type LogLinks } from "../../core/log/links.ts";
import type { Connections } from "./connections.ts";
import { lockHead, raiseRevision } from "./event-schema.ts";

interface Found {
  position: number;
  type: string;
}

/** The streams of links. */
export class Links implements LogLinks {
  readonly #connections: Connections;
  readonly #schema: string;

  constructor(connections: Connections, schema: string) {
    this.#connections = connections;
    this.#schema = schema;
  }

  /** Locks the head, so that no append commits in between. */
  add(stream: string, ids: readonly string[]): Promise<Linked> {
    const schema = this.#schema;
    return this.#connections.transaction(async (session) => {
      const { rows } = await session.query(
        `SELECT EXISTS (SELECT FROM ${schema}.events WHERE stream = $1),
           coalesce((SELECT max(version) FROM ${schema}.links WHERE stream = $1), 0),
           (SELECT json_agg(json_build_array(e.id, e.position, e.type, l.position IS NOT NULL)) FROM ${schema}.events e
             LEFT JOIN ${schema}.links l ON l.stream = $1 AND l.position = e.position WHERE e.id = ANY($2))`,
        [stream, ids],
      );
      const [hasEvents, before, found] = rows[0] as [boolean, number, [string, number, string, boolean][] | null];
      if (hasEvents) throw new MixedStreamError(stream, "events");
      const byId = new Map<string, Found>();
      const there = new Set<number>();
      for (const [id, position, type, isLinked] of found ?? []) {
        byId.set(id, { position, type });
        if (isLinked) there.add(position);
      }
      const all = eventsToLink(ids, (id) => byId.get(id)).map(({ position }) => position);
      const positions = new Set(all.filter((position) => !there.has(position)));
      await session.query(
        `INSERT INTO ${schema}.links SELECT $1, $2::bigint + n, position FROM unnest($3::bigint[]) WITH ORDINALITY AS l(position, n)`,
        [stream, before, [...positions]],
      );
      if (before === 0) await session.query(raiseRevision(schema));
      return { version: before + positions.size, linked: positions.size };
    }, lockHead(schema));
  }

  async streams({ after = "", limit }: { after?: string; limit: number }): Promise<LinkedStream[]> {
    const { rows } = await this.#connections.query(
      `SELECT stream, max(version) FROM ${this.#schema}.links WHERE stream > $1 GROUP BY stream ORDER BY stream LIMIT $2::bigint`,
      [after, limit],
    );
    return Array.from(rows as [string, number][], ([stream, version]) => ({ stream, version }));
  }
}

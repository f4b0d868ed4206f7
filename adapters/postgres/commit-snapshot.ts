import type { AppendRequest } from "../../core/log/append-request.ts";
import { claimsInSql, ReadClaims, wantedClaims, type ClaimsRead } from "./kept-claims.ts";
import type { Session } from "./connections.ts";
import { columns, toEvent, type EventRow } from "./event-schema.ts";
import { nowInSql } from "./now.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";

/** Everything that the verdicts on some appends depend on, at one point in time. */
export interface CommitSnapshot {
  head: number;
  revision: number;
  lastTime: string;
  /** By the database's clock. */
  now: string;
  /** Versions of the streams that are appended to. A missing stream has no entry. */
  versions: Map<string, number>;
  linked: ReadonlySet<string>;
  /** Stored events with an id that a caller has chosen. */
  known: ReadonlyMap<string, RecordedEvent>;
  scopes: ClaimsRead["scopes"];
  claims: ReadClaims;
  /** Nothing was read: the versions are those that callers expect, and no stream is assumed to contain links. */
  isAssumed: boolean;
}

type SnapshotRow = [
  head: number,
  revision: number,
  lastTime: string,
  now: string,
  versions: number[],
  linked: string[],
  known: EventRow[] | null,
  scopes: ClaimsRead["scopes"] | null,
  claimed: ClaimsRead["claimed"] | null,
];

const basisInSql = (schema: string) => `
  SELECT h.position, h.revision, h.time, ${nowInSql},
    ARRAY(SELECT coalesce((SELECT e.version FROM ${schema}.events e WHERE e.stream = s.stream ORDER BY e.version DESC LIMIT 1), 0)
      FROM unnest($1::text[]) WITH ORDINALITY AS s(stream, n) ORDER BY n)::float8[],
    ARRAY(SELECT s.stream FROM unnest($1::text[]) AS s(stream) WHERE EXISTS (SELECT FROM ${schema}.links l WHERE l.stream = s.stream)),
    (SELECT json_agg(json_build_array(${columns})) FROM ${schema}.events WHERE id = ANY($2::text[])),
    ${claimsInSql(schema, ["$3", "$4", "$5"])}
  FROM ${schema}.head h`;

/** Reads a snapshot in one statement, so that all of it is consistent. */
export class CommitSnapshots {
  readonly #sql: string;

  constructor(schema: string) {
    this.#sql = basisInSql(schema);
  }

  async read(session: Session, requests: readonly AppendRequest[]): Promise<CommitSnapshot> {
    const streams = [...new Set(requests.map(({ stream }) => stream))];
    const ids = requests.flatMap(({ events, idAfterLast }) => [
      ...events.filter(({ idWasGenerated }) => !idWasGenerated).map(({ id }) => id),
      ...(idAfterLast === null ? [] : [idAfterLast]),
    ]);
    const wanted = wantedClaims(requests.flatMap(({ claims = [] }) => claims));
    const { rows } = await session.query(this.#sql, [streams, ids, ...wanted]);
    const [head, revision, lastTime, now, versions, linked, known, scopes, claimed] = rows[0] as SnapshotRow;
    return {
      head,
      revision,
      lastTime,
      now,
      versions: new Map(streams.map((stream, index) => [stream, versions[index]!])),
      linked: new Set(linked),
      known: new Map((known ?? []).map((row) => [row[1], toEvent(row, () => {})])),
      scopes: scopes ?? [],
      claims: new ReadClaims({ scopes: scopes ?? [], claimed: claimed ?? [] }),
      isAssumed: false,
    };
  }
}

import { nowInSql } from "./now.ts";

/**
 * A function of the schema that stores the events of a commit and returns the head before it and its time. It returns
 * no row if the snapshot is outdated: the revision has changed, or an assumed version does not exist. Unique keys check
 * the rest: a version or an id that was taken meanwhile ends the statement with a unique violation. Only this statement
 * locks the head's row. Commits are therefore ordered by position, and no host waits while another one decides.
 *
 * Each server session caches the plans of a function, even behind a proxy. A cached plan may be older than most of the
 * events, so the function disables sequential scans: its plans use the indexes, however few events there were.
 */
export const storeCommit = `
  CREATE FUNCTION $schema.store_commit(
    count bigint, last_time text, basis_revision bigint, basis_head bigint,
    ids text[], types text[], versions bigint[], streams text[], times text[], payloads text[], metas text[],
    stated_streams text[], stated_versions bigint[], channel text,
    OUT before bigint, OUT stored_at text
  ) RETURNS SETOF record LANGUAGE plpgsql SET enable_seqscan = off SET jit = off AS $function$
    BEGIN
      PERFORM FROM unnest(stated_streams, stated_versions) AS s(stream, version)
      WHERE (SELECT l.version FROM $schema.links l WHERE l.stream = s.stream LIMIT 1) IS NOT NULL
        OR s.version > 0 AND (SELECT e.version FROM $schema.events e WHERE e.stream = s.stream AND e.version = s.version) IS NULL;
      IF FOUND THEN RETURN; END IF;
      UPDATE $schema.head h SET position = h.position + count, time = coalesce(last_time, greatest(h.time, ${nowInSql}))
      WHERE h.one AND h.revision = basis_revision AND (basis_head IS NULL OR h.position = basis_head)
      RETURNING h.position - count, h.time INTO before, stored_at;
      IF NOT FOUND THEN RETURN; END IF;
      INSERT INTO $schema.events (position, id, type, version, stream, time, payload, meta)
      SELECT before + e.n, e.id, e.type, e.version, e.stream, coalesce(e.time, stored_at), e.payload, e.meta
      FROM unnest(ids, types, versions, streams, times, payloads, metas)
        WITH ORDINALITY AS e(id, type, version, stream, time, payload, meta, n);
      IF (before + count) / 1000 > before / 1000 THEN
        INSERT INTO $schema.types AS t
        SELECT e.type, count(*) FROM $schema.events e
        WHERE e.position > before / 1000 * 1000 AND e.position <= (before + store_commit.count) / 1000 * 1000 GROUP BY e.type
        ON CONFLICT (type) DO UPDATE SET count = t.count + excluded.count;
      END IF;
      IF channel IS NOT NULL THEN PERFORM pg_notify(channel, (before + count)::text); END IF;
      RETURN NEXT;
    END
  $function$`;

/** Takes the parameters of `Commit.values` and the channel to notify. */
export const storeCommitInSql = (schema: string) =>
  `SELECT before, stored_at FROM ${schema}.store_commit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`;

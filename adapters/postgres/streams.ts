import type { StreamRange, StreamSummary } from "../../core/log/event-log.ts";
import type { Session } from "./connections.ts";

/** Lists streams by name, each with the version and time of its last event. */
export async function streams(
  session: Session,
  schema: string,
  { category, after = "", limit }: StreamRange,
): Promise<StreamSummary[]> {
  if (category?.includes("-")) return [];
  // The names of a category are the category itself and the names that start with it and "-". The character after "-"
  // is ".".
  const [where, values] =
    category === undefined
      ? ["stream > $2", []]
      : [
          `stream > $2 AND stream >= $3 AND stream < $4 AND (stream = $3 OR starts_with(stream, $5))`,
          [category, `${category}.`, `${category}-`],
        ];
  // Skips from name to name along the index, whatever the length of the streams.
  const next = (above: string) =>
    `(SELECT stream FROM ${schema}.events WHERE ${where} AND ${above} ORDER BY stream LIMIT 1)`;
  const { rows } = await session.query(
    `WITH RECURSIVE names(stream, n) AS (
       SELECT ${next("true")}, 1
       UNION ALL SELECT ${next("stream > names.stream")}, n + 1 FROM names WHERE names.stream IS NOT NULL AND n < $1::bigint
     )
     SELECT n.stream, last.version, last.time FROM names n CROSS JOIN LATERAL (
       SELECT version, time FROM ${schema}.events e WHERE e.stream = n.stream ORDER BY version DESC LIMIT 1
     ) last ORDER BY n.n`,
    [limit, after, ...values],
  );
  return Array.from(rows as [string, number, string][], ([stream, version, time]) => ({ stream, version, time }));
}

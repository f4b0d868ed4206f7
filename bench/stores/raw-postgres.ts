import { Pool } from "pg";
import { newEventId } from "../../core/event/event-id.ts";
import { eventType, meta, streamOf, type Payload } from "../events.ts";
import type { RawEvent, RawTables } from "./raw-engine.ts";

const perPage = 1000;
const connections = 16;

/** PostgreSQL with the client `pg`: one table, with a unique index on versions; positions come from a sequence. */
export class RawPostgres implements RawTables {
  readonly pool: Pool;

  private constructor(url: string) {
    this.pool = new Pool({ connectionString: url, max: connections });
    // The server ends before the pool.
    this.pool.on("error", () => {});
  }

  static async open(url: string): Promise<RawPostgres> {
    const raw = new RawPostgres(url);
    await raw.pool.query(
      `CREATE TABLE raw_events (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL UNIQUE,
         type text NOT NULL, stream text COLLATE "C" NOT NULL, version bigint NOT NULL, time timestamptz NOT NULL,
         payload text NOT NULL, meta text NOT NULL, UNIQUE (stream, version))`,
    );
    await raw.pool.query(
      `CREATE TABLE raw_rows (id text COLLATE "C" PRIMARY KEY, name text, city text, amount bigint, total bigint, events bigint);
       CREATE INDEX ON raw_rows (city); CREATE TABLE raw_checkpoint (position bigint); INSERT INTO raw_checkpoint VALUES (0)`,
    );
    return raw;
  }

  async append({ entity, version, payload }: RawEvent): Promise<void> {
    await this.pool.query({
      name: "append",
      text: "INSERT INTO raw_events (id, type, stream, version, time, payload, meta) VALUES ($1, $2, $3, $4, now(), $5, $6)",
      values: [newEventId(), eventType, streamOf(entity), version + 1, JSON.stringify(payload), JSON.stringify(meta)],
    });
  }

  async commit(events: readonly RawEvent[]): Promise<void> {
    await this.pool.query({
      name: "commit",
      text: `INSERT INTO raw_events (id, type, stream, version, time, payload, meta)
             SELECT id, $2, stream, version, now(), payload, meta
             FROM unnest($1::uuid[], $3::text[], $4::bigint[], $5::text[], $6::text[]) AS new (id, stream, version, payload, meta)`,
      values: [
        events.map(() => newEventId()),
        eventType,
        events.map(({ entity }) => streamOf(entity)),
        events.map(({ version }) => version + 1),
        events.map(({ payload }) => JSON.stringify(payload)),
        events.map(() => JSON.stringify(meta)),
      ],
    });
  }

  async read(each: (payload: Payload) => void): Promise<void> {
    for (let after = 0; ;) {
      const { rows } = await this.pool.query<[string, string, string, string, number, Date, string, string]>({
        name: "page",
        text: `SELECT position, id, type, stream, version, time, payload, meta FROM raw_events WHERE position > $1
               ORDER BY position LIMIT ${perPage}`,
        values: [after],
        rowMode: "array",
      });
      for (const row of rows) {
        JSON.parse(row[7]);
        each(JSON.parse(row[6]) as Payload);
      }
      if (rows.length < perPage) return;
      after = Number(rows.at(-1)![0]);
    }
  }

  async stream(entity: string): Promise<Payload[]> {
    const { rows } = await this.pool.query<[string, string, string, string, number, Date, string, string]>({
      name: "stream",
      text: `SELECT position, id, type, stream, version, time, payload, meta FROM raw_events WHERE stream = $1
             ORDER BY version`,
      values: [streamOf(entity)],
      rowMode: "array",
    });
    return rows.map((row) => {
      JSON.parse(row[7]);
      return JSON.parse(row[6]) as Payload;
    });
  }

  /** A statement per event, in one transaction. */
  async fold(payloads: readonly Payload[], position: number): Promise<void> {
    const client = await this.pool.connect();
    await client.query("BEGIN");
    for (const { id, name, city, amount } of payloads)
      await client.query({
        name: "fold",
        text: `INSERT INTO raw_rows VALUES ($1, $2, $3, $4, $4, 1) ON CONFLICT (id) DO UPDATE SET name = excluded.name,
               city = excluded.city, amount = excluded.amount, total = excluded.total, events = excluded.events`,
        values: [id, name, city, amount],
      });
    await client.query("UPDATE raw_checkpoint SET position = $1", [position]);
    await client.query("COMMIT");
    client.release();
  }

  async folded() {
    const { rows } = await this.pool.query<Record<"rows" | "sum" | "position", string>>(
      "SELECT count(*) AS rows, sum(total) AS sum, (SELECT position FROM raw_checkpoint) AS position FROM raw_rows",
    );
    const { rows: count, sum, position } = rows[0]!;
    return { rows: Number(count), sum: Number(sum), position: Number(position) };
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}

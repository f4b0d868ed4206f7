import { randomUUID } from "node:crypto";
import { parseState } from "../../core/log/damaged-state.ts";
import type { KeyedState, KeyRange, Lease, LeaseAnswer, LogControl, Versioned } from "../../core/log/control.ts";
import type { Connections } from "./connections.ts";

/** Control state and leases, in tables of the log's schema. */
export class Control implements LogControl {
  readonly #connections: Connections;
  readonly #schema: string;

  constructor(connections: Connections, schema: string) {
    this.#connections = connections;
    this.#schema = schema;
  }

  async get(key: string): Promise<Versioned | null> {
    const { rows } = await this.#connections.query(`SELECT value, revision FROM ${this.#schema}.state WHERE key = $1`, [
      key,
    ]);
    const [value, revision] = (rows[0] as [string, number] | undefined) ?? [];
    return value === undefined ? null : { value: parseState(key, value, revision!), revision: revision! };
  }

  async put(key: string, value: unknown, revision: number, lease?: Lease): Promise<number | null> {
    const text = JSON.stringify(value) as string | undefined;
    const { rows } = await this.#connections.query(
      // FOR SHARE locks the lease's row until the state is written, so no other host can take the lease over in
      // between.
      `WITH held AS (
         SELECT FROM ${this.#schema}.leases
         WHERE name = $4 AND holder = $5 AND epoch = $6 FOR SHARE
       ) ${this.#writing(text, revision)}`,
      [key, text ?? null, revision, lease?.name ?? null, lease?.holder ?? null, lease?.epoch ?? null],
    );
    return (rows[0]?.[0] as number | undefined) ?? null;
  }

  /** Returns a row with the new revision, or no row. */
  #writing(text: string | undefined, revision: number): string {
    const state = `${this.#schema}.state`;
    const may = "($4::text IS NULL OR EXISTS (SELECT FROM held))";
    if (text === undefined && revision === 0)
      return `SELECT 0 WHERE ${may} AND $2::text IS NULL AND $3::bigint = 0 AND NOT EXISTS (SELECT FROM ${state} WHERE key = $1)`;
    if (text === undefined)
      return `DELETE FROM ${state} WHERE key = $1 AND revision = $3::bigint AND $2::text IS NULL AND ${may} RETURNING 0`;
    if (revision === 0)
      return `INSERT INTO ${state} SELECT $1, $2, $3::bigint + 1 WHERE ${may} ON CONFLICT DO NOTHING RETURNING revision`;
    return `UPDATE ${state} SET value = $2, revision = revision + 1 WHERE key = $1 AND revision = $3::bigint AND ${may} RETURNING revision`;
  }

  async states({ prefix, after = "", limit }: KeyRange): Promise<KeyedState[]> {
    const { rows } = await this.#connections.query(
      `SELECT key, value, revision FROM ${this.#schema}.state WHERE key >= $1 AND key > $2 ORDER BY key LIMIT $3`,
      [prefix, after, limit],
    );
    // Keys are in byte order, so those with the prefix are first and adjacent.
    return (rows as [string, string, number][])
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value, revision]) => ({ key, value: parseState(key, value, revision), revision }));
  }

  /** Decides as `grantLease` does. Neither writes nor locks anything if another holder has the lease. */
  async acquireLease(name: string, holder: string, ttlMs: number, lapsed?: string): Promise<LeaseAnswer> {
    const { rows } = await this.#connections.query(
      `WITH stored AS (
         SELECT holder, mark, ttl, holder NOT IN ('', $2) AND mark IS DISTINCT FROM $5 AS is_held
         FROM ${this.#schema}.leases WHERE name = $1
       ), taken AS (
         INSERT INTO ${this.#schema}.leases AS l (name, holder, epoch, mark, ttl)
         SELECT $1, $2, 1, $3, $4 WHERE NOT EXISTS (SELECT FROM stored WHERE is_held)
         ON CONFLICT (name) DO UPDATE SET epoch = l.epoch + (l.holder <> excluded.holder)::int,
           holder = excluded.holder, mark = excluded.mark, ttl = excluded.ttl
         WHERE l.holder IN ('', excluded.holder) OR l.mark = $5 RETURNING epoch
       ) SELECT (SELECT epoch FROM taken), (SELECT is_held FROM stored), (SELECT holder FROM stored),
           (SELECT mark FROM stored), (SELECT ttl FROM stored)`,
      [name, holder, randomUUID(), ttlMs, lapsed ?? null],
    );
    const [epoch, isHeld, by, mark, ttl] = rows[0] as [number | null, boolean | null, string, string, number];
    if (epoch !== null) return { lease: { name, holder, epoch }, current: null };
    // The lease was free, and another holder has acquired it since.
    return isHeld
      ? { lease: null, current: { holder: by, mark, ttlMs: ttl } }
      : this.acquireLease(name, holder, ttlMs, lapsed);
  }

  async releaseLease({ name, holder, epoch }: Lease): Promise<void> {
    await this.#connections.query(
      `UPDATE ${this.#schema}.leases SET holder = '' WHERE name = $1 AND holder = $2 AND epoch = $3`,
      [name, holder, epoch],
    );
  }
}

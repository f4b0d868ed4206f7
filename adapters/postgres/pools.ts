import { setTimeout as wait } from "node:timers/promises";
import type { Client, Pool, PoolClient, QueryConfig } from "pg";
import { times } from "../../core/concurrency/times.ts";
import { leastConnections, roomFor, type DriverOptions, type Room } from "./driver-options.ts";
import { clientWith } from "./client.ts";
import { typesOf, type Driver } from "./driver.ts";
import { cut, sessionOf } from "./silence.ts";
import { sqlStateOf } from "./errors.ts";

interface Options {
  connectionString: string;
  timeoutMs: number;
  driver: DriverOptions;
}

/** The connection limit of the server, the database or the role is reached. */
const isCrowded = (error: unknown): boolean => sqlStateOf(error) === "53300";

/**
 * Selects the sessions that are working. A session that waits for its client has an idle state, in a transaction or
 * not.
 */
const working = `SELECT pg_backend_pid(),
  array(SELECT pid FROM pg_stat_activity WHERE pid = ANY($1::int[]) AND coalesce(state, '') NOT LIKE 'idle%')`;

/**
 * The driver's pools: one for statements and one for transactions. An open transaction may need a statement on another
 * connection to continue.
 */
export class Pools {
  readonly #statements: Pool;
  readonly #transactions: Pool;
  readonly #newClient: () => Client;
  readonly #most: Room;
  readonly #connectTimeoutMs: number;
  #restoring: NodeJS.Timeout | undefined;

  constructor(pg: Driver, { connectionString, timeoutMs, driver }: Options) {
    this.#most = roomFor(driver.max);
    this.#connectTimeoutMs = Math.min(timeoutMs, times.postgres.connectMs);
    const Client = clientWith(pg, driver.password);
    const options = {
      connectionTimeoutMillis: this.#connectTimeoutMs,
      keepAlive: true,
      application_name: "moleculer-event-sourcing",
      ...driver,
      connectionString,
      types: typesOf(pg),
    };
    this.#newClient = () => new Client({ ...options, connectionTimeoutMillis: times.postgres.silentMs });
    const newPool = (max: number) => {
      const pool = new pg.Pool({
        // Connections opened for a burst are closed well before other nodes stop waiting for one.
        idleTimeoutMillis: times.postgres.idleMs,
        ...options,
        max,
        Client,
      });
      // The pool removes a broken connection. Its user gets the error from the next statement.
      pool.on("error", ignored);
      pool.on("connect", (client) => client.on("error", ignored));
      return pool;
    };
    this.#statements = newPool(this.#most.statements);
    this.#transactions = newPool(this.#most.transactions);
  }

  forStatement(): Promise<PoolClient> {
    return this.#connect(this.#statements);
  }

  forTransaction(): Promise<PoolClient> {
    return this.#connect(this.#transactions);
  }

  /**
   * Waits for an open connection if the server allows no further one.
   * @throws the driver's error
   */
  async #connect(pool: Pool): Promise<PoolClient> {
    for (const deadline = Date.now() + this.#connectTimeoutMs; ; await wait(times.postgres.retryMs))
      try {
        return await pool.connect();
      } catch (error) {
        if (!isCrowded(error)) throw error;
        if (Date.now() > deadline) throw this.#crowded(error as Error);
        await this.#lowerLimits();
      }
  }

  #crowded(error: Error): Error {
    const { statements, transactions } = this.#most;
    const most = `this process may open ${statements + transactions} of them (option driver: { max }); all nodes together must stay below the server's max_connections`;
    return Object.assign(new Error(`${error.message}; ${most}`, { cause: error }), { code: sqlStateOf(error) });
  }

  /**
   * Limits both pools to the connections that are open, for a while. The limit keeps one pool from using all of them.
   */
  async #lowerLimits(): Promise<void> {
    const pools = [this.#statements, this.#transactions];
    const total = pools.reduce((sum, { totalCount }) => sum + totalCount, 0);
    if (total < leastConnections) return;
    this.#limit(roomFor(total));
    clearTimeout(this.#restoring);
    this.#restoring = setTimeout(() => this.#limit(this.#most), times.postgres.crowdedMs).unref();
    for (const pool of pools)
      while (pool.idleCount > 0 && pool.totalCount > pool.options.max) (await pool.connect()).release(true);
  }

  #limit({ statements, transactions }: Room): void {
    this.#statements.options.max = Math.min(statements, this.#most.statements);
    this.#transactions.options.max = Math.min(transactions, this.#most.transactions);
  }

  /**
   * Returns the sessions that the server is working for, or null if a proxy hides them. Asks over a separate
   * connection.
   */
  async askWorking(sessions: readonly number[]): Promise<ReadonlySet<number> | null> {
    const client = this.#newClient();
    client.on("error", ignored);
    try {
      await client.connect();
      const query = { text: working, values: [sessions], query_timeout: times.postgres.silentMs, rowMode: "array" };
      const { rows } = await client.query(query as QueryConfig);
      const [own, found] = rows[0] as unknown as [own: number, found: number[]];
      return own === sessionOf(client) ? new Set(found) : null;
    } finally {
      cut(client);
    }
  }

  /** Closes the connections that are idle. They may be dead like the one that was found dead. */
  async dropIdle(): Promise<void> {
    for (const pool of [this.#statements, this.#transactions])
      while (pool.idleCount > 0) {
        const client = await pool.connect();
        cut(client);
        client.release(true);
      }
  }

  /** Waits for running statements. */
  async end(): Promise<void> {
    clearTimeout(this.#restoring);
    await Promise.all([this.#statements.end(), this.#transactions.end()]);
  }
}

const ignored = () => {};

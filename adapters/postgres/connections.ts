import { setTimeout as wait } from "node:timers/promises";
import type { PoolClient, QueryConfig } from "pg";
import { times } from "../../core/concurrency/times.ts";
import { peerDriver } from "../parts/peer-driver.ts";
import type { DriverOptions } from "./driver-options.ts";
import type { Driver } from "./driver.ts";
import { Pools } from "./pools.ts";
import { Silence } from "./silence.ts";
import { isOfConnection, isOfStatement, wasEndedBefore } from "./errors.ts";

/** Rows as arrays of columns, and the number of rows that were read or written. */
export interface Answer {
  rows: unknown[][];
  count: number;
}

/** Runs statements: on any connection, or on the connection of a transaction. */
export interface Session {
  query(text: string, values?: readonly unknown[]): Promise<Answer>;
  /** Runs read-only statements on one snapshot. */
  reading<Result>(work: (session: Session) => Promise<Result>): Promise<Result>;
}

export interface ServerOptions {
  connectionString: string;
  /** Maximum duration of a statement, and of opening a connection. */
  timeoutMs: number;
  /** Options for the driver in addition to the URL. */
  driver: DriverOptions;
}

/** Releases the locks of a frozen host. A running host never pauses that long between two statements. */
const endIfFrozen = () => `SET LOCAL idle_in_transaction_session_timeout = ${times.postgres.frozenAppendMs}`;

const triesOfWork = 3;

/**
 * The connections of this process to one server. A proxy may use another server connection for each transaction, so no
 * statement is prepared and no setting outlives its transaction.
 */
export class Connections implements Session {
  static readonly #open = new Map<string, { connections: Promise<Connections>; users: number }>();
  readonly #key: string;
  readonly #options: ServerOptions;
  readonly #pools: Pools;
  readonly #silence: Silence;

  /** Returns the connections to a server. Stores and tables with the same options share them. */
  static async to(location: string, options: ServerOptions): Promise<Connections> {
    const key = keyOf(options);
    let shared = Connections.#open.get(key);
    if (!shared) {
      shared = {
        connections: peerDriver(location, "pg", () => import("pg")).then(
          ({ default: pg }) => new Connections(key, options, pg),
        ),
        users: 0,
      };
      Connections.#open.set(key, shared);
    }
    shared.users++;
    try {
      return await shared.connections;
    } catch (error) {
      Connections.#open.delete(key);
      throw error;
    }
  }

  private constructor(key: string, options: ServerOptions, pg: Driver) {
    this.#key = key;
    this.#options = options;
    this.#pools = new Pools(pg, options);
    this.#silence = new Silence({
      askWorking: (sessions) => this.#pools.askWorking(sessions),
      onDead: () => void this.#pools.dropIdle().catch(ignored),
    });
  }

  async query(text: string, values: readonly unknown[] = []): Promise<Answer> {
    const client = await connected(this.#pools.forStatement());
    return thenRelease(client, () =>
      this.#silence.during(client, () => send(client, text, values, this.#options.timeoutMs)),
    );
  }

  /**
   * Retries a statement until the server responds or time is up. It finds the outcome of a statement whose response was
   * lost.
   */
  async retryQuery(text: string, values: readonly unknown[]): Promise<Answer> {
    for (const deadline = Date.now() + times.postgres.outcomeMs; ; await wait(times.postgres.retryMs))
      try {
        return await this.query(text, values);
      } catch (error) {
        if (!isOfConnection(error) || Date.now() > deadline) throw error;
      }
  }

  /**
   * Runs `work` in a transaction: commits if it resolves, and rolls back if it rejects. Retries work whose transaction
   * the server ended for being idle too long. Each statement of `work` sees what other hosts have committed by then.
   * @param opening a statement that is sent together with BEGIN
   */
  async transaction<Result>(work: (transaction: Transaction) => Promise<Result>, opening = ""): Promise<Result> {
    for (let tries = 1; ; tries++) {
      const transaction = await this.begin(`BEGIN ISOLATION LEVEL READ COMMITTED; ${endIfFrozen()}; ${opening}`);
      try {
        const result = await work(transaction);
        await transaction.end("COMMIT");
        return result;
      } catch (error) {
        const mayBeCommitted = transaction.hasEnded && !wasEndedBefore(error);
        await transaction.end("ROLLBACK", error);
        if (mayBeCommitted || !isOfConnection(error) || tries === triesOfWork) throw error;
      }
    }
  }

  async reading<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const transaction = await this.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    try {
      return await work(transaction);
    } finally {
      await transaction.end("ROLLBACK");
    }
  }

  /**
   * Begins a transaction on its own connection, which is released by `end`.
   * @param timeoutMs of each of its statements; 0: none, for statements that read every row of a table
   */
  async begin(begin: string, timeoutMs = this.#options.timeoutMs): Promise<Transaction> {
    const client = await connected(this.#pools.forTransaction());
    const transaction = new Transaction(client, timeoutMs, this.#silence);
    try {
      await transaction.query(begin);
      return transaction;
    } catch (error) {
      await transaction.end("ROLLBACK", error);
      throw error;
    }
  }

  /** Releases the shared connections. The last user closes them and waits for running statements. */
  async end(): Promise<void> {
    const shared = Connections.#open.get(this.#key);
    if (!shared || --shared.users > 0) return;
    Connections.#open.delete(this.#key);
    await this.#pools.end();
  }
}

/** A transaction on its own connection. */
export class Transaction implements Session {
  readonly client: PoolClient;
  readonly #timeoutMs: number;
  readonly #silence: Silence;
  #hasEnded = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(client: PoolClient, timeoutMs: number, silence: Silence) {
    this.client = client;
    this.#timeoutMs = timeoutMs;
    this.#silence = silence;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Runs the statements one after the other. The queue is here, since the driver is about to remove its own. */
  query(text: string, values: readonly unknown[] = []): Promise<Answer> {
    const answer = this.#turn.then(() => {
      if (this.#hasEnded) throw new Error("the transaction has ended");
      return this.#silence.during(this.client, () => send(this.client, text, values, this.#timeoutMs));
    });
    this.#turn = answer.catch(ignored);
    return answer;
  }

  reading<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    return work(this);
  }

  /** Ends the transaction and releases the connection, or closes it if it is broken. Throws if a commit fails. */
  async end(how: "COMMIT" | "ROLLBACK", after?: unknown): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    await this.#turn;
    let failure: unknown = after === undefined || isOfStatement(after) ? undefined : after;
    try {
      if (failure === undefined) {
        const ending = { text: how, query_timeout: this.#timeoutMs } as QueryConfig;
        const { command } = await this.#silence.during(this.client, () => this.client.query(ending));
        // An earlier statement had failed, and the caller committed all the same.
        if (command !== how) failure = new Error(`${how}: found the response ${command}`);
      }
    } catch (error) {
      failure = error;
    }
    this.client.release(failure !== undefined);
    if (failure !== undefined && how === "COMMIT") throw failure;
  }
}

const ignored = () => {};

/** Options may contain functions and keys, which have no comparable text. Each object therefore has a number. */
const numbers = new WeakMap<DriverOptions, number>();
let lastNumber = 0;

function keyOf({ connectionString, timeoutMs, driver }: ServerOptions): string {
  const number = numbers.get(driver) ?? (Object.keys(driver).length === 0 ? 0 : ++lastNumber);
  numbers.set(driver, number);
  return JSON.stringify([connectionString, timeoutMs, number]);
}

/** Errors that occurred before anything was sent, so that no outcome is unknown. */
const unsent = new WeakSet<object>();

export const isUnsent = (error: unknown): boolean => unsent.has(Object(error));

async function connected(connecting: Promise<PoolClient>): Promise<PoolClient> {
  try {
    return await connecting;
  } catch (error) {
    unsent.add(Object(error));
    throw error;
  }
}

async function thenRelease<Result>(client: PoolClient, work: () => Promise<Result>): Promise<Result> {
  let isBroken = false;
  try {
    return await work();
  } catch (error) {
    isBroken = !isOfStatement(error);
    throw error;
  } finally {
    client.release(isBroken);
  }
}

async function send(client: PoolClient, text: string, values: readonly unknown[], timeoutMs: number): Promise<Answer> {
  const query = { text, values: values as unknown[], rowMode: "array" as const, query_timeout: timeoutMs };
  const { rows, rowCount } = await client.query<unknown[]>(query);
  return { rows, count: rowCount ?? 0 };
}

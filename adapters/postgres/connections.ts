import { setTimeout as wait } from "node:timers/promises";
import type { PoolClient, QueryConfig } from "pg";
import { times } from "../../core/concurrency/times.ts";
import { peerDriver } from "../parts/peer-driver.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import type { Driver } from "./driver.ts";
import { Pools } from "./pools.ts";
import { Silence } from "./silence.ts";
import { isOfConnection, isOfStatement, wasEndedBefore } from "./errors.ts";

/** Rows as arrays of columns, and how many were read or written. */
export interface Answer {
  rows: unknown[][];
  count: number;
}

/** Where statements run: on any connection, or on the one of a transaction. */
export interface Session {
  query(text: string, values?: readonly unknown[]): Promise<Answer>;
  /** Statements that see one moment, and change nothing. */
  reading<Result>(work: (session: Session) => Promise<Result>): Promise<Result>;
}

export interface ServerOptions {
  connectionString: string;
  /** How long a statement, or the way to a connection, may take. */
  timeoutMs: number;
  /** For the driver, beside the URL. */
  connection: ConnectionOptions;
}

/** What a host that was frozen has locked is free again by then; nobody thinks for so long between two statements. */
const endIfFrozen = () => `SET LOCAL idle_in_transaction_session_timeout = ${times.postgres.frozenAppendMs}`;

const triesOfWork = 3;

/**
 * The connections of this process to one server. No statement needs more of its session than its own transaction: a
 * proxy may hand out another connection for each. None is prepared, no setting outlives a transaction.
 */
export class Connections implements Session {
  static readonly #open = new Map<string, { connections: Promise<Connections>; users: number }>();
  readonly #key: string;
  readonly #options: ServerOptions;
  readonly #pools: Pools;
  readonly #silence: Silence;

  /** Stores and tables on the same server share them. */
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
    return whileHeld(client, () =>
      this.#silence.during(client, () => send(client, text, values, this.#options.timeoutMs)),
    );
  }

  /** The statement again and again until the server answers, for a while: what became of one whose answer was lost. */
  async retryQuery(text: string, values: readonly unknown[]): Promise<Answer> {
    for (const deadline = Date.now() + times.postgres.outcomeMs; ; await wait(times.postgres.retryMs))
      try {
        return await this.query(text, values);
      } catch (error) {
        if (!isOfConnection(error) || Date.now() > deadline) throw error;
      }
  }

  /**
   * What `work` does is committed when it has answered, and never was where it throws. `opening` is sent along with the
   * beginning; each statement after it sees what others have committed by then. Work that was ended for standing still
   * is begun again.
   */
  async transaction<Result>(work: (held: Held) => Promise<Result>, opening = ""): Promise<Result> {
    for (let tries = 1; ; tries++) {
      const held = await this.hold(`BEGIN ISOLATION LEVEL READ COMMITTED; ${endIfFrozen()}; ${opening}`);
      try {
        const result = await work(held);
        await held.end("COMMIT");
        return result;
      } catch (error) {
        const mayBeCommitted = held.hasEnded && !wasEndedBefore(error);
        await held.end("ROLLBACK", error);
        if (mayBeCommitted || !isOfConnection(error) || tries === triesOfWork) throw error;
      }
    }
  }

  async reading<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const held = await this.hold("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    try {
      return await work(held);
    } finally {
      await held.end("ROLLBACK");
    }
  }

  /** A connection of one's own, until it is ended. */
  async hold(begin: string): Promise<Held> {
    const client = await connected(this.#pools.forTransaction());
    const held = new Held(client, this.#options.timeoutMs, this.#silence);
    try {
      await held.query(begin);
      return held;
    } catch (error) {
      await held.end("ROLLBACK", error);
      throw error;
    }
  }

  /** Closed when the last of its users is done. What runs is waited for. */
  async end(): Promise<void> {
    const shared = Connections.#open.get(this.#key);
    if (!shared || --shared.users > 0) return;
    Connections.#open.delete(this.#key);
    await this.#pools.end();
  }
}

/** One connection in a transaction. */
export class Held implements Session {
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

  /** One after the other: who asks several at once waits here, since the driver is about to stop keeping a queue. */
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

  /** Gives the connection back, or gives it up where it is broken. A commit that fails throws. */
  async end(how: "COMMIT" | "ROLLBACK", after?: unknown): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    await this.#turn;
    let failure: unknown = after === undefined || isOfStatement(after) ? undefined : after;
    try {
      if (failure === undefined) {
        const ending = { text: how, query_timeout: this.#timeoutMs } as QueryConfig;
        const { command } = await this.#silence.during(this.client, () => this.client.query(ending));
        // A statement had failed, and somebody went on all the same.
        if (command !== how) failure = new Error(`${how} was answered with ${command}`);
      }
    } catch (error) {
      failure = error;
    }
    this.client.release(failure !== undefined);
    if (failure !== undefined && how === "COMMIT") throw failure;
  }
}

const ignored = () => {};

/** Options may hold functions and keys that no text tells apart: those of one object are the same ones. */
const numbers = new WeakMap<ConnectionOptions, number>();
let lastNumber = 0;

function keyOf({ connectionString, timeoutMs, connection }: ServerOptions): string {
  const number = numbers.get(connection) ?? (Object.keys(connection).length === 0 ? 0 : ++lastNumber);
  numbers.set(connection, number);
  return JSON.stringify([connectionString, timeoutMs, number]);
}

/** What failed before anything was sent: no statement needs to be settled after it. */
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

async function whileHeld<Result>(client: PoolClient, work: () => Promise<Result>): Promise<Result> {
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

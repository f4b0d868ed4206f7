import type { ConnectionOptions, JetStreamClient, JetStreamManager, NatsConnection } from "nats";
import { StoreUnavailableError, UnusableStoreError } from "../../core/errors.ts";
import { times } from "../../core/times.ts";
import type { Added, ChainOptions, CommitChain, Records } from "../chain/commit-chain.ts";
import { peerDriver } from "../peer-driver.ts";
import { NatsCells } from "./cells.ts";
import { isNoMessage, isOvertaken, jetStreamIsOff, translate } from "./errors.ts";
import { textOf } from "./message-text.ts";
import { assertServerVersion } from "./server-version.ts";
import { ofCells, ofCommits, streamOf } from "./streams.ts";

/** Room for subject and headers in a message. */
const bytesAround = 1_024;
/** So few records are asked for one by one: an ordered consumer takes as long to be made as some dozens of them. */
const maxSingle = 48;
const pageBytes = 8 * 1024 * 1024;

interface Options {
  connection: ConnectionOptions;
  /** Where JetStream is reached, if not on the server that the host is connected to. */
  api: { domain?: string; apiPrefix?: string };
}

interface Connected {
  connection: NatsConnection;
  manager: JetStreamManager;
  stream: JetStreamClient;
}

/** A chain as a stream of JetStream: a record is a message, its number the message's sequence. */
export class NatsChain implements CommitChain {
  readonly engine = "nats";
  readonly where: string;
  readonly durability: CommitChain["durability"];
  readonly cells: NatsCells;
  maxBytes = 0;
  readonly #name: string;
  readonly #replicas: number;
  readonly #options: Options;
  #connected: Connected | null = null;
  /** The driver has no connection now, and tries for another. */
  #isGone = false;
  /** Rejects the calls that have no answer yet. */
  readonly #unanswered = new Set<(error: Error) => void>();

  constructor(where: string, name: string, replicas: number, options: Options) {
    this.where = where;
    this.durability = replicas >= 3 ? "power" : "process";
    this.#name = `${name}_commits`;
    this.#replicas = replicas;
    this.#options = options;
    this.cells = new NatsCells(`${name}_control`, (work) => this.call(work));
  }

  async open(options: ChainOptions): Promise<void> {
    const { connect } = await peerDriver(this.where, "nats", () => import("nats"));
    let connection: NatsConnection | undefined;
    try {
      connection = await connect({
        timeout: times.nats.connectMs,
        maxReconnectAttempts: -1,
        reconnectTimeWait: times.nats.reconnectMs,
        pingInterval: times.nats.pingMs,
        // A password that is wrong for a while, since somebody is changing it, must not end the connection for ever.
        ignoreAuthErrorAbort: true,
        ...this.#options.connection,
      });
      this.#watch(connection).catch(() => {});
      this.#connected = await this.#prepare(connection, options);
    } catch (error) {
      await connection?.close();
      throw translate(this.where, error, this.#isGone);
    }
  }

  async #watch(connection: NatsConnection): Promise<void> {
    this.#isGone = false;
    for await (const status of connection.status()) {
      // The enum's values are in the driver, which need not be there to load this.
      const type: string = status.type;
      if (type !== "disconnect" && type !== "reconnect") continue;
      this.#isGone = type === "disconnect";
      // The driver would let them wait for their time-out, though no answer can come over a new connection.
      if (this.#isGone) for (const reject of this.#unanswered) reject(this.#gone());
    }
  }

  #gone(): StoreUnavailableError {
    return new StoreUnavailableError(this.where, "no server answers: the connection is gone");
  }

  async #prepare(connection: NatsConnection, { create, warn }: ChainOptions): Promise<Connected> {
    const { info } = connection;
    const replicas = create ? this.#replicas : null;
    assertServerVersion(this.where, info?.version, this.#replicas, warn);
    const { api } = this.#options;
    // A leaf node may have none, and its hub has.
    if (!info?.jetstream && Object.keys(api).length === 0) throw new UnusableStoreError(this.where, jetStreamIsOff);
    const ofApi = { timeout: times.nats.answerMs, ...api };
    const manager = await connection.jetstreamManager(ofApi);
    const { state, config } = await streamOf(manager, this.where, ofCommits(this.#name), replicas);
    assertServerVersion(this.where, info?.version, config.num_replicas, () => {});
    if (state.num_deleted || state.first_seq > 1)
      throw new UnusableStoreError(
        this.where,
        `stream ${this.#name} holds messages ${state.first_seq} to ${state.last_seq} without ${state.num_deleted ?? 0} of them, expected all from the first on: messages of it were deleted`,
      );
    await streamOf(manager, this.where, ofCells(this.cells.name), replicas);
    this.cells.forget();
    this.maxBytes = this.cells.maxBytes = info!.max_payload - bytesAround;
    return { connection, manager, stream: connection.jetstream(ofApi) };
  }

  async close(): Promise<void> {
    const connected = this.#connected;
    this.#connected = null;
    await connected?.connection.close();
  }

  /** Runs it with the connection, and translates its errors. */
  async call<Answer>(work: (connected: Connected) => Promise<Answer>): Promise<Answer> {
    if (!this.#connected) throw new StoreUnavailableError(this.where, "the connection is not open");
    if (this.#isGone) throw this.#gone();
    const { promise: gone, reject } = Promise.withResolvers<never>();
    this.#unanswered.add(reject);
    try {
      return await Promise.race([work(this.#connected), gone]);
    } catch (error) {
      throw translate(this.where, error, this.#isGone);
    } finally {
      this.#unanswered.delete(reject);
    }
  }

  serverTime(): Promise<number> {
    return this.cells.serverTime();
  }

  add(number: number, record: string): Promise<Added> {
    return this.call(async ({ stream }) => {
      try {
        await stream.publish(this.#name, Buffer.from(record), {
          timeout: times.nats.answerMs,
          expect: { streamName: this.#name, lastSequence: number - 1 },
        });
        return "added";
      } catch (error) {
        if (isOvertaken(error)) return "taken";
        throw error;
      }
    });
  }

  read(after: number, limit: number): Promise<Records> {
    return this.call(async (connected) => {
      const first = await this.#get(connected, after + 1);
      if (first === null) return { records: [], end: true };
      if (limit === 1) return { records: [first], end: false };
      const { state } = await connected.manager.streams.info(this.#name);
      const inPage = Math.max(1, Math.floor(pageBytes / (state.bytes / state.messages)));
      const count = Math.min(limit, inPage, state.last_seq - after) - 1;
      const rest =
        count > maxSingle
          ? await this.#consume(connected, after + 2, count)
          : await Promise.all(Array.from({ length: count }, (_, index) => this.#get(connected, after + 2 + index)));
      if (rest.includes(null))
        throw new StoreUnavailableError(this.where, `message ${after + 2 + rest.indexOf(null)} is not there yet`);
      return { records: [first, ...(rest as string[])], end: after + 1 + count >= state.last_seq };
    });
  }

  last(): Promise<number> {
    return this.call(async ({ manager }) => (await manager.streams.info(this.#name)).state.last_seq);
  }

  async #get({ manager }: Connected, seq: number): Promise<string | null> {
    try {
      return textOf((await manager.streams.getMessage(this.#name, { seq })).data);
    } catch (error) {
      if (isNoMessage(error)) return null;
      throw error;
    }
  }

  async #consume({ stream }: Connected, from: number, count: number): Promise<string[]> {
    const consumer = await stream.consumers.get(this.#name, { opt_start_seq: from });
    try {
      const records: string[] = [];
      for await (const message of await consumer.fetch({ max_messages: count, expires: times.nats.answerMs })) {
        // What came before a gap is an answer: the rest is asked for again.
        if (message.seq !== from + records.length) break;
        records.push(textOf(message.data));
      }
      return records;
    } finally {
      await consumer.delete().catch(() => {
        // The server forgets it by itself.
      });
    }
  }
}

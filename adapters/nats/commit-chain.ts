import type { ConnectionOptions, NatsConnection } from "nats";
import { StoreUnavailableError, UnusableStoreError } from "../../core/errors/errors.ts";
import { times } from "../../core/concurrency/times.ts";
import type { Added, ChainOptions, CommitChain, Records } from "../parts/commit-chain/commit-chain.ts";
import { peerDriver } from "../parts/peer-driver.ts";
import { resend, type Ask } from "./resend.ts";
import { NatsKeyValues } from "./key-values.ts";
import type { Connected, OpenConnection } from "./connection.ts";
import { isNoMessage, isOvertaken, jetStreamIsOff, translate } from "./errors.ts";
import { textOf } from "./message-text.ts";
import { EphemeralConsumer } from "./ephemeral-consumer.ts";
import { assertServerVersion } from "./server-version.ts";
import { ofControl, ofCommits, streamOf } from "./stream-config.ts";

/** Room for subject and headers in a message. */
const bytesAround = 1_024;
/** Up to this many records are read one by one, since creating a consumer takes as long as reading some dozens. */
const maxSingle = 48;
const pageBytes = 8 * 1024 * 1024;

interface Options {
  connection: ConnectionOptions;
  /** Reaches JetStream through another server than the one that the host is connected to. */
  api: { domain?: string; apiPrefix?: string };
}

/** A chain in a JetStream stream: a record is a message, and its number the message's sequence. */
export class NatsChain implements CommitChain {
  readonly engine = "nats";
  readonly location: string;
  readonly durability: CommitChain["durability"];
  readonly keyValues: NatsKeyValues;
  maxBytes = 0;
  readonly #name: string;
  readonly #replicas: number;
  readonly #options: Options;
  #open: OpenConnection | null = null;
  /** The driver has lost its connection, and is reconnecting. */
  #isGone = false;
  /** Rejects the calls that wait for a response. */
  readonly #unanswered = new Set<(error: Error) => void>();

  constructor(location: string, name: string, replicas: number, options: Options) {
    this.location = location;
    this.durability = replicas >= 3 ? "power" : "process";
    this.#name = `${name}_commits`;
    this.#replicas = replicas;
    this.#options = options;
    this.keyValues = new NatsKeyValues(location, `${name}_control`, (work) => this.call(work));
  }

  async open(options: ChainOptions): Promise<void> {
    const { connect } = await peerDriver(this.location, "nats", () => import("nats"));
    let connection: NatsConnection | undefined;
    try {
      connection = await connect({
        timeout: times.nats.connectMs,
        maxReconnectAttempts: -1,
        reconnectTimeWait: times.nats.reconnectMs,
        pingInterval: times.nats.pingMs,
        // A password may be wrong for a while during its change; that must not end the connection for ever.
        ignoreAuthErrorAbort: true,
        ...this.#options.connection,
      });
      this.#watch(connection).catch(() => {});
      this.#open = await this.#prepare(connection, options);
    } catch (error) {
      await connection?.close();
      throw translate(this.location, error, this.#isGone);
    }
  }

  async #watch(connection: NatsConnection): Promise<void> {
    this.#isGone = false;
    for await (const status of connection.status()) {
      // Not the driver's enum: this file must load without the driver.
      const type: string = status.type;
      if (type !== "disconnect" && type !== "reconnect") continue;
      this.#isGone = type === "disconnect";
      // The driver would let the calls wait for their time-outs, although no response can arrive on a new connection.
      if (this.#isGone) for (const reject of this.#unanswered) reject(this.#gone());
    }
  }

  #gone(): StoreUnavailableError {
    return new StoreUnavailableError(this.location, "no server responds: the connection is gone");
  }

  async #prepare(connection: NatsConnection, { create, warn }: ChainOptions): Promise<OpenConnection> {
    const { info } = connection;
    const replicas = create ? this.#replicas : null;
    assertServerVersion(this.location, info?.version, this.#replicas, warn);
    const { api } = this.#options;
    // With a domain or API prefix, a leaf node without JetStream can use its hub's.
    if (!info?.jetstream && Object.keys(api).length === 0) throw new UnusableStoreError(this.location, jetStreamIsOff);
    const ofApi = { timeout: times.nats.answerMs, ...api };
    const manager = await connection.jetstreamManager(ofApi);
    const { state, config } = await streamOf(manager, this.location, ofCommits(this.#name), replicas);
    assertServerVersion(this.location, info?.version, config.num_replicas, () => {});
    if (state.num_deleted || state.first_seq > 1)
      throw new UnusableStoreError(
        this.location,
        `stream ${this.#name} holds messages ${state.first_seq} to ${state.last_seq} without ${state.num_deleted ?? 0} of them, expected all from the first on: messages of it were deleted`,
      );
    await streamOf(manager, this.location, ofControl(this.keyValues.name), replicas);
    this.keyValues.forget();
    this.maxBytes = this.keyValues.maxBytes = info!.max_payload - bytesAround;
    return { connection, manager, stream: connection.jetstream(ofApi) };
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.connection.close();
  }

  /** Runs `work` on the connection, and translates its errors. */
  async call<Answer>(work: (connected: Connected) => Promise<Answer>): Promise<Answer> {
    if (!this.#open) throw new StoreUnavailableError(this.location, "the connection is not open");
    if (this.#isGone) throw this.#gone();
    const { promise: gone, reject } = Promise.withResolvers<never>();
    this.#unanswered.add(reject);
    const over = new AbortController();
    const ask: Ask = (send) => resend(send, over.signal);
    try {
      return await Promise.race([work({ ...this.#open, ask }), gone]);
    } catch (error) {
      throw translate(this.location, error, this.#isGone);
    } finally {
      over.abort();
      this.#unanswered.delete(reject);
    }
  }

  serverTime(): Promise<number> {
    return this.keyValues.serverTime();
  }

  add(number: number, record: string): Promise<Added> {
    return this.call(({ stream, ask }) =>
      ask(async (isFirst) => {
        try {
          await stream.publish(this.#name, Buffer.from(record), {
            timeout: times.nats.answerMs,
            expect: { streamName: this.#name, lastSequence: number - 1 },
          });
          return "added";
        } catch (error) {
          // A resent request may be refused because an earlier one was stored.
          if (isFirst && isOvertaken(error)) return "taken";
          throw error;
        }
      }),
    );
  }

  read(after: number, limit: number): Promise<Records> {
    return this.call(async (connected) => {
      const first = await this.#get(connected, after + 1);
      if (first === null) return { records: [], end: true };
      if (limit === 1) return { records: [first], end: false };
      const { state } = await connected.ask(() => connected.manager.streams.info(this.#name));
      const inPage = Math.max(1, Math.floor(pageBytes / (state.bytes / state.messages)));
      const count = Math.min(limit, inPage, state.last_seq - after) - 1;
      const rest =
        count > maxSingle
          ? await this.#consume(connected, after + 2, count)
          : await Promise.all(Array.from({ length: count }, (_, index) => this.#get(connected, after + 2 + index)));
      if (rest.includes(null))
        throw new StoreUnavailableError(this.location, `message ${after + 2 + rest.indexOf(null)} is not there yet`);
      const records = [first, ...(rest as string[])];
      // A consumer may have delivered fewer messages than the stream has.
      return { records, end: after + records.length >= state.last_seq };
    });
  }

  last(): Promise<number> {
    return this.call(async ({ manager, ask }) => (await ask(() => manager.streams.info(this.#name))).state.last_seq);
  }

  async #get({ manager, ask }: Connected, seq: number): Promise<string | null> {
    try {
      return textOf((await ask(() => manager.streams.getMessage(this.#name, { seq }))).data);
    } catch (error) {
      if (isNoMessage(error)) return null;
      throw error;
    }
  }

  async #consume(connected: Connected, from: number, count: number): Promise<string[]> {
    const consumer = await EphemeralConsumer.on(connected, this.#name, from);
    try {
      const records: string[] = [];
      for await (const { seq, data } of consumer.fetch(count)) {
        // The records before a gap are returned; the caller reads on from there.
        if (seq !== from + records.length) break;
        records.push(textOf(data));
      }
      return records;
    } finally {
      await consumer.end();
    }
  }
}

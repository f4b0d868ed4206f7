import { connect, type NatsConnection } from "nats";
import { Client } from "pg";
import { times } from "../../core/concurrency/times.ts";
import { sql } from "../support/postgres-server.ts";
import type { Link } from "./link.ts";
import { Silence } from "./silence.ts";

/** An attempt without a response within this time is given up: the writer measures the servers' own silence. */
const answerMs = 500;
const everyMs = 20;

/**
 * Writes with the engine's driver alone, one record after the other, beside the nodes: the difference is the library's
 * share.
 */
export class BareWriter {
  readonly silence = new Silence();
  #isOver = false;
  readonly #write: () => Promise<unknown>;
  readonly #close: () => Promise<unknown>;
  readonly #writing: Promise<void>;

  private constructor(write: () => Promise<unknown>, close: () => Promise<unknown>) {
    this.#write = write;
    this.#close = close;
    this.#writing = this.#run();
  }

  static async onNats(links: readonly Link[], subject: string): Promise<BareWriter> {
    const connection = await connectedTo(links);
    const stream = connection.jetstream({ timeout: answerMs });
    return new BareWriter(
      () => stream.publish(subject, Buffer.from("record"), { timeout: answerMs }),
      () => connection.close(),
    );
  }

  /**
   * Requests a message of a stream instead of writing one; only the stream's leader responds. Each stream elects its
   * leader by itself, so the control stream's election takes another time than that of the commits.
   */
  static async askingNats(links: readonly Link[], stream: string): Promise<BareWriter> {
    const connection = await connectedTo(links);
    const last = JSON.stringify({ last_by_subj: `${stream}.>` });
    return new BareWriter(
      async () => {
        const answer = await connection.request(`$JS.API.STREAM.MSG.GET.${stream}`, last, { timeout: answerMs });
        // A server responds with this code if the stream has no leader.
        if (answer.json<{ error?: { code: number } }>().error?.code === 503) throw new Error("no leader");
      },
      () => connection.close(),
    );
  }

  static async onPostgres(link: Link, url: string): Promise<BareWriter> {
    const through = new URL(url);
    through.port = String(link.port);
    let client: Client | null = null;
    const write = async () => {
      const own = (client ??= await connected(through.href));
      try {
        await own.query("INSERT INTO bare_records (record) VALUES ('record')");
      } catch (error) {
        client = null;
        own.end().catch(() => {});
        throw error;
      }
    };
    await sql(url, "CREATE TABLE IF NOT EXISTS bare_records (record text)");
    return new BareWriter(write, async () => client?.end());
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await this.#write().then(
        () => this.silence.mark(),
        () => {},
      );
      await new Promise((turn) => setTimeout(turn, everyMs));
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#writing;
    await this.#close();
  }
}

/** With the time-outs that the library sets in the driver. */
const connectedTo = (links: readonly Link[]): Promise<NatsConnection> =>
  connect({
    servers: links.map(({ port }) => `127.0.0.1:${port}`),
    maxReconnectAttempts: -1,
    reconnectTimeWait: times.nats.reconnectMs,
    pingInterval: times.nats.pingMs,
  });

async function connected(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString, connectionTimeoutMillis: answerMs, query_timeout: answerMs });
  // The running query fails, too.
  client.on("error", () => {});
  await client.connect();
  return client;
}

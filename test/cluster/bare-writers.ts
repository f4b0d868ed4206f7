import { connect, type NatsConnection } from "nats";
import { Client } from "pg";
import { times } from "../../core/concurrency/times.ts";
import { sql } from "../support/postgres-server.ts";
import type { Link } from "./link.ts";
import { Silence } from "./silence.ts";

/** An attempt that is not answered by then is given up: the writer shows how long the servers themselves are silent. */
const answerMs = 500;
const everyMs = 20;

/** Writes by the engine's driver alone, one record after the other, beside the nodes: what the library adds is the rest. */
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

  /** With the times that the library gives the driver. */
  static async onNats(links: readonly Link[], subject: string): Promise<BareWriter> {
    const connection: NatsConnection = await connect({
      servers: links.map(({ port }) => `127.0.0.1:${port}`),
      maxReconnectAttempts: -1,
      reconnectTimeWait: times.nats.reconnectMs,
      pingInterval: times.nats.pingMs,
    });
    const stream = connection.jetstream({ timeout: answerMs });
    return new BareWriter(
      () => stream.publish(subject, Buffer.from("record"), { timeout: answerMs }),
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

async function connected(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString, connectionTimeoutMillis: answerMs, query_timeout: answerMs });
  // The query that it was in fails as well.
  client.on("error", () => {});
  await client.connect();
  return client;
}

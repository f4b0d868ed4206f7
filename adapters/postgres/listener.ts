import { Socket } from "node:net";
import { times } from "../../core/concurrency/times.ts";
import { peerDriver } from "../parts/peer-driver.ts";
import { clientWith } from "./client.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import type { Driver } from "./driver.ts";
import { quote } from "./schema.ts";
import { translate } from "./errors.ts";

interface Dependencies {
  location: string;
  /** A direct way to the server: a proxy that pools transactions hears nothing. */
  url: string;
  connection: ConnectionOptions;
  channel: string;
  tell: (position: number) => void;
}

/**
 * Hears of the commits of every host, over a connection of its own. What it says is a hint: while it does not hear,
 * whoever waits for news asks for it now and then as ever.
 */
export class Listener {
  readonly #d: Dependencies;
  /** It says no goodbye, which a server that does not answer would not hear either. */
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** From here on it listens, or tries to; the first time it says why it cannot. @throws ours, where it cannot */
  async open(): Promise<void> {
    const { location } = this.#d;
    try {
      await this.#listen();
    } catch (error) {
      throw translate(`${location}, as \`listen\` names it`, error);
    }
  }

  async #listen(): Promise<void> {
    const { location, url, channel, connection, tell } = this.#d;
    const pg = await peerDriver<Driver>(location, "pg", async () => (await import("pg")).default);
    if (this.#isClosed) return;
    const socket = (this.#socket = new Socket());
    const client = new (clientWith(pg, connection.password))({
      ...(connection.ssl !== undefined && { ssl: connection.ssl }),
      connectionString: url,
      stream: () => socket,
      keepAlive: true,
      connectionTimeoutMillis: times.postgres.listenMs,
      query_timeout: times.postgres.listenMs,
      application_name: "moleculer-event-sourcing",
    });
    client.on("notification", ({ payload }) => tell(Number(payload)));
    client.on("error", () => {});
    try {
      await client.connect();
      await client.query(`LISTEN ${quote(channel)}`);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    const check = setInterval(
      () => void client.query("SELECT 1").catch(() => socket.destroy()),
      times.postgres.listenCheckMs,
    ).unref();
    client.once("end", () => {
      clearInterval(check);
      this.#again();
    });
  }

  #again(): void {
    if (!this.#isClosed)
      this.#timer = setTimeout(
        () => void this.#listen().catch(() => this.#again()),
        times.postgres.listenRetryMs,
      ).unref();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }
}

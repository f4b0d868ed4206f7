import { Socket } from "node:net";
import { times } from "../../core/concurrency/times.ts";
import { peerDriver } from "../parts/peer-driver.ts";
import { clientWith } from "./client.ts";
import type { DriverOptions } from "./driver-options.ts";
import type { Driver } from "./driver.ts";
import { quote } from "./schema.ts";
import { translate } from "./errors.ts";

interface Dependencies {
  location: string;
  /** A direct connection to the server. A proxy that pools transactions does not deliver notifications. */
  url: string;
  driver: DriverOptions;
  channel: string;
  notify: (position: number) => void;
}

/**
 * Listens for commits of all hosts on its own connection. Notifications are hints: without them, waiting readers still
 * poll.
 */
export class Listener {
  readonly #d: Dependencies;
  /** Destroyed without a protocol message, which an unresponsive server would not read either. */
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /**
   * Starts listening. Throws if the first attempt fails; later failures are retried.
   * @throws the library's errors
   */
  async open(): Promise<void> {
    const { location } = this.#d;
    try {
      await this.#listen();
    } catch (error) {
      throw translate(`${location}, as \`listen\` names it`, error);
    }
  }

  async #listen(): Promise<void> {
    const { location, url, channel, driver, notify } = this.#d;
    const pg = await peerDriver<Driver>(location, "pg", async () => (await import("pg")).default);
    if (this.#isClosed) return;
    const socket = (this.#socket = new Socket());
    const client = new (clientWith(pg, driver.password))({
      ...(driver.ssl !== undefined && { ssl: driver.ssl }),
      connectionString: url,
      stream: () => socket,
      keepAlive: true,
      connectionTimeoutMillis: times.postgres.listenMs,
      query_timeout: times.postgres.listenMs,
      application_name: "moleculer-event-sourcing",
    });
    client.on("notification", ({ payload }) => notify(Number(payload)));
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
      this.#retry();
    });
  }

  #retry(): void {
    if (!this.#isClosed)
      this.#timer = setTimeout(
        () => void this.#listen().catch(() => this.#retry()),
        times.postgres.listenRetryMs,
      ).unref();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }
}

import type { Client } from "pg";
import { driver } from "./driver.ts";
import { quote } from "./schema.ts";

interface Dependencies {
  where: string;
  /** A direct way to the server: a proxy that pools transactions hears nothing. */
  url: string;
  channel: string;
  tell: (position: number) => void;
}

const betweenTriesMs = 1000;

/**
 * Hears of the commits of every host, over a connection of its own. What it says is a hint: while it does not hear,
 * whoever waits for news asks for it now and then as ever.
 */
export class Listener {
  readonly #d: Dependencies;
  #client: Client | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    void this.#listen();
  }

  async #listen(): Promise<void> {
    const { where, url, channel, tell } = this.#d;
    try {
      const client = new (await driver(where)).Client({ connectionString: url, keepAlive: true });
      if (this.#isClosed) return;
      this.#client = client;
      client.on("notification", ({ payload }) => tell(Number(payload)));
      client.on("error", () => {});
      client.once("end", () => this.#again());
      await client.connect();
      await client.query(`LISTEN ${quote(channel)}`);
    } catch {
      this.#again();
    }
  }

  #again(): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#listen(), betweenTriesMs).unref();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#client?.end().catch(() => {});
  }
}

import { getPostgreSQLEventStore, type PostgresEventStore } from "@event-driven-io/emmett-postgresql";
import { Pool } from "pg";
import { sql } from "../../test/support/postgres-server.ts";
import { eventType, meta, streamOf, type Payload } from "../events.ts";

/** Emmett's PostgreSQL store, with a pool like its own except for the end. */
export class EmmettPostgres {
  readonly #pool: Pool;
  readonly #store: PostgresEventStore;

  private constructor(url: string) {
    this.#pool = new Pool({ connectionString: url });
    // The server ends first, and Emmett's own pool would then end the process.
    this.#pool.on("error", () => {});
    this.#store = getPostgreSQLEventStore(url, { connectionOptions: { pool: this.#pool } });
  }

  static async open(url: string): Promise<EmmettPostgres> {
    const emmett = new EmmettPostgres(url);
    await emmett.#store.schema.migrate();
    return emmett;
  }

  async append(entity: string, version: number, data: Payload): Promise<void> {
    await this.#store.appendToStream(streamOf(entity), [{ type: eventType, data, metadata: meta }], {
      expectedStreamVersion: BigInt(version),
    });
  }

  async count(url: string): Promise<number> {
    const [found] = (await sql(url, "SELECT count(*) AS events FROM emt_messages")) as { events: string }[];
    return Number(found!.events);
  }

  async close(): Promise<void> {
    await this.#store.close();
    if (!this.#pool.ended) await this.#pool.end();
  }
}

import { getPostgreSQLEventStore, type PostgresEventStore } from "@event-driven-io/emmett-postgresql";
import { sql } from "../../test/support/postgres-server.ts";
import { eventType, meta, streamOf, type Payload } from "../events.ts";

/** Emmett's PostgreSQL store, with the pool that it makes by itself. */
export class EmmettPostgres {
  readonly #store: PostgresEventStore;

  private constructor(url: string) {
    this.#store = getPostgreSQLEventStore(url);
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
  }
}

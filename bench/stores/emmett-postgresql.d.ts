/** What the benchmark uses of Emmett's PostgreSQL store, so that the sources are type-checked where the peers are not installed. */
declare module "@event-driven-io/emmett-postgresql" {
  import type { Pool } from "pg";

  export interface PostgresEventStore {
    appendToStream(stream: string, events: object[], options: { expectedStreamVersion: bigint }): Promise<unknown>;
    schema: { migrate(): Promise<unknown> };
    close(): Promise<void>;
  }

  export function getPostgreSQLEventStore(
    connectionString: string,
    options: { connectionOptions: { pool: Pool } },
  ): PostgresEventStore;
}

/**
 * The part of Emmett's PostgreSQL store that the benchmark uses, so that the sources are type-checked if the peers are
 * not installed.
 */
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

/**
 * The part of Emmett that the benchmark uses, so that the sources are type-checked if the peers are not installed.
 * TypeScript prefers a declaration like this one to the package's own.
 */
declare module "@event-driven-io/emmett-sqlite" {
  import type { Payload } from "../events.ts";

  export interface SQLiteConnection {
    close(): void;
    command(sql: string, values?: unknown[]): Promise<unknown>;
    query<Row>(sql: string, values?: unknown[]): Promise<Row[]>;
  }

  interface Message {
    data: Payload;
    metadata: { globalPosition: bigint };
  }

  interface Processor {
    processorId: string;
    eachMessage: (message: Message, context: { connection: SQLiteConnection }) => Promise<void>;
    stopAfter: (message: Message) => boolean;
  }

  export interface SQLiteEventStore {
    appendToStream(stream: string, events: object[], options: { expectedStreamVersion: bigint }): Promise<unknown>;
    readStream(stream: string): Promise<{ events: Message[] }>;
    schema: { migrate(): Promise<void> };
    consumer(options: { pulling: { batchSize: number; pullingFrequencyInMs: number } }): {
      processor(options: Processor): unknown;
      start(): Promise<void>;
    };
  }

  export function sqliteConnection(options: { fileName: string }): SQLiteConnection;
  export function getSQLiteEventStore(options: {
    fileName: string;
    connectionOptions: { singleton: true; connection: SQLiteConnection };
  }): SQLiteEventStore;
}

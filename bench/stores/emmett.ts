import type { CommandHandling } from "@event-driven-io/emmett";
import {
  getSQLiteEventStore,
  sqliteConnection,
  type SQLiteConnection,
  type SQLiteEventStore,
} from "@event-driven-io/emmett-sqlite";
import { eventType, meta, streamOf, type Payload } from "../events.ts";

/** Emmett's store with one permanent connection: by default it opens one per call, which is slower. */
export class Emmett {
  readonly connection: SQLiteConnection;
  readonly #store: SQLiteEventStore;

  constructor(fileName: string) {
    this.connection = sqliteConnection({ fileName });
    this.#store = getSQLiteEventStore({
      fileName,
      connectionOptions: { singleton: true, connection: this.connection },
    });
  }

  async append(entity: string, version: number, payloads: readonly Payload[]): Promise<void> {
    const events = payloads.map((data) => ({ type: eventType, data, metadata: meta }));
    await this.#store.appendToStream(streamOf(entity), events, { expectedStreamVersion: BigInt(version) });
  }

  /** Decides one event on the state of its stream, and appends it. */
  async command(handle: CommandHandling, entity: string, data: Payload): Promise<void> {
    await handle(this.#store, streamOf(entity), () => ({ type: eventType, data, metadata: meta }));
  }

  async stream(entity: string): Promise<readonly { data: Payload }[]> {
    return (await this.#store.readStream(streamOf(entity))).events;
  }

  /** Creates its tables. */
  async migrate(): Promise<void> {
    await this.#store.schema.migrate();
  }

  /** Folds the log from its beginning up to the position, with the largest batches and shortest pauses. */
  async consume(
    last: number,
    eachMessage: (payload: Payload, connection: SQLiteConnection) => Promise<unknown>,
  ): Promise<void> {
    const consumer = this.#store.consumer({ pulling: { batchSize: 1000, pullingFrequencyInMs: 0 } });
    consumer.processor({
      processorId: "bench",
      eachMessage: async ({ data }, { connection }) => void (await eachMessage(data, connection)),
      stopAfter: ({ metadata }) => metadata.globalPosition === BigInt(last),
    });
    await consumer.start();
  }

  /** Moves the content of the write-ahead log into the file. */
  async flush(): Promise<void> {
    await this.connection.query("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  close(): void {
    this.connection.close();
  }
}

import type { Payload } from "../events.ts";

/** The next event of a stream. */
export interface RawEvent {
  entity: string;
  /** The stream's version before it. */
  version: number;
  payload: Payload;
}

/** A server without our package: its own client, with the least that keeps the order of a stream. */
export interface RawEngine {
  /** Appends one event, durable when the promise resolves. Rejects if the stream is not at its version. */
  append(event: RawEvent): Promise<unknown>;
  /** Appends events of different streams, in one step if the engine can. */
  commit(events: readonly RawEvent[]): Promise<unknown>;
  /** Reads and parses every event, from the first on. */
  read(each: (payload: Payload) => void): Promise<void>;
  /** Reads and parses a stream's events. */
  stream(entity: string): Promise<Payload[]>;
  close(): Promise<void>;
}

/** A server that stores tables, too. */
export interface RawTables extends RawEngine {
  /** Creates or changes a row per event, and stores the checkpoint. */
  fold(payloads: readonly Payload[], position: number): Promise<void>;
  /** The number of rows, their total and the checkpoint. */
  folded(): Promise<{ rows: number; sum: number; position: number }>;
}

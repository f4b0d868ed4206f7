import type { Payload } from "../events.ts";

/** One event that follows in its stream. */
export interface RawEvent {
  entity: string;
  /** The version that the stream is at before it. */
  version: number;
  payload: Payload;
}

/** A server without us: its own client, on the least that keeps the order of a stream. */
export interface RawEngine {
  /** One event, durable when it is answered; refused where the stream is not at its version. */
  append(event: RawEvent): Promise<unknown>;
  /** Events of as many streams in one step, as many as the engine can. */
  commit(events: readonly RawEvent[]): Promise<unknown>;
  /** Every event from the first on, parsed. */
  read(each: (payload: Payload) => void): Promise<void>;
  /** A stream's events, parsed. */
  stream(entity: string): Promise<Payload[]>;
  close(): Promise<void>;
}

/** One that keeps tables as well. */
export interface RawTables extends RawEngine {
  /** Makes or changes a row for each event, and keeps the checkpoint. */
  fold(payloads: readonly Payload[], position: number): Promise<void>;
  /** How many rows there are and what their totals come to. */
  folded(): Promise<{ rows: number; sum: number; position: number }>;
}

import { once } from "node:events";
import type { Writable } from "node:stream";
import type { PoolClient, Submittable } from "pg";

/** What the driver hands to a query while it runs: as much of it as a copy needs. */
interface Wire {
  stream: Writable & { pause(): void; resume(): void };
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(why: string): void;
}

/** A query of the driver's kind for COPY, which its own refuse. */
abstract class Copy implements Submittable {
  readonly done: Promise<number>;
  readonly #text: string;
  readonly #resolve: (rows: number) => void;
  readonly #reject: (error: unknown) => void;
  #rows = 0;
  #error: unknown;

  constructor(text: string) {
    this.#text = text;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.done = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(wire: unknown): void {
    (wire as Wire).query(this.#text);
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#rows = Number(/^COPY (\d+)/.exec(text)?.[1]);
  }

  fail(error: unknown): void {
    this.#error ??= error;
  }

  handleError(error: unknown): void {
    this.fail(error);
    // A connection that is gone is not ready again.
    this.#reject(this.#error);
  }

  handleReadyForQuery(): void {
    if (this.#error === undefined) this.#resolve(this.#rows);
    else this.#reject(this.#error);
  }
}

class CopyOut extends Copy {
  readonly #take: (chunk: Buffer) => Promise<void>;

  constructor(text: string, take: (chunk: Buffer) => Promise<void>) {
    super(text);
    this.#take = take;
  }

  /** Nothing more is read from the server before it is taken. */
  handleCopyData({ chunk }: { chunk: Buffer }, { stream }: Wire): void {
    stream.pause();
    this.#take(Buffer.from(chunk))
      .catch((error: unknown) => this.fail(error))
      .finally(() => stream.resume());
  }
}

class CopyIn extends Copy {
  readonly #source: AsyncIterable<Buffer>;

  constructor(text: string, source: AsyncIterable<Buffer>) {
    super(text);
    this.#source = source;
  }

  handleCopyInResponse(wire: Wire): void {
    void this.#send(wire);
  }

  async #send(wire: Wire): Promise<void> {
    try {
      for await (const chunk of this.#source) {
        wire.sendCopyFromChunk(chunk);
        if (wire.stream.writableNeedDrain) await once(wire.stream, "drain");
      }
      wire.endCopyFrom();
    } catch (error) {
      this.fail(error);
      try {
        wire.sendCopyFail(String(error));
      } catch {
        // The connection is gone, and ends the query by itself.
      }
    }
  }
}

/** `COPY … TO STDOUT`, chunk by chunk; answers how many rows. */
export const copyOut = (client: PoolClient, text: string, take: (chunk: Buffer) => Promise<void>): Promise<number> =>
  client.query(new CopyOut(text, take)).done;

/** `COPY … FROM STDIN`; answers how many rows. */
export const copyIn = (client: PoolClient, text: string, source: AsyncIterable<Buffer>): Promise<number> =>
  client.query(new CopyIn(text, source)).done;

import { once } from "node:events";
import type { Writable } from "node:stream";
import type { PoolClient, Submittable } from "pg";

/** The driver's connection object, as far as a copy needs it. */
interface Wire {
  stream: Writable & { pause(): void; resume(): void };
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(why: string): void;
}

/** A query for COPY. The driver's own queries do not support it. */
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
    // A broken connection never becomes ready again, so reject at once.
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

  /** Pauses the socket until the chunk has been taken. */
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
        // The connection is broken, and its error ends the query.
      }
    }
  }
}

/** Runs `COPY … TO STDOUT` and passes on the chunks. Resolves to the number of rows. */
export const copyOut = (client: PoolClient, text: string, take: (chunk: Buffer) => Promise<void>): Promise<number> =>
  client.query(new CopyOut(text, take)).done;

/** Runs `COPY … FROM STDIN`. Resolves to the number of rows. */
export const copyIn = (client: PoolClient, text: string, source: AsyncIterable<Buffer>): Promise<number> =>
  client.query(new CopyIn(text, source)).done;

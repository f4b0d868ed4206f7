import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** From the client to the server, and back. */
export type Way = "there" | "back";

interface Pair {
  client: Socket;
  server: Socket;
  /** Both ends consider it open, but no bytes pass. */
  isStranded: boolean;
}

/**
 * A proxy to a port of this machine. A test can let bytes pass, stall them, or cut the connections. Stalled bytes
 * arrive later, like TCP's retransmissions after a partition; so does the end of a connection.
 */
export class Link {
  readonly port: number;
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  #stalled: readonly Way[] = [];
  #isCut = false;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (client) => this.#join(client));
  }

  static async to(port: number): Promise<Link> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Link(server, port);
  }

  #join(client: Socket): void {
    if (this.#isCut) return void client.destroy();
    const pair = { client, server: connect(this.#target, "127.0.0.1"), isStranded: false };
    this.#pairs.add(pair);
    this.#pipe(pair, client, pair.server, "there");
    this.#pipe(pair, pair.server, client, "back");
    this.#apply(pair);
  }

  #pipe(pair: Pair, from: Socket, to: Socket, way: Way): void {
    from.setNoDelay(true);
    from.on("data", (data) => to.writable && to.write(data));
    // A reset connection is also closed, which is passed on below.
    from.on("error", () => {});
    from.on("close", () => {
      if (!this.#isStalled(pair, way)) to.destroy();
      if (to.destroyed) this.#pairs.delete(pair);
    });
  }

  #isStalled(pair: Pair, way: Way): boolean {
    return pair.isStranded || this.#stalled.includes(way);
  }

  #apply(pair: Pair): void {
    const { client, server } = pair;
    for (const [way, from, to] of [
      ["there", client, server],
      ["back", server, client],
    ] as const) {
      if (this.#isStalled(pair, way)) from.pause();
      else if (from.destroyed) to.destroy();
      else from.resume();
    }
  }

  /** Stalls bytes without notice to either end. */
  stall(...ways: Way[]): void {
    this.#stalled = ways.length === 0 ? ["there", "back"] : ways;
    for (const pair of this.#pairs) this.#apply(pair);
  }

  /** Stalls existing connections for ever; new ones pass. */
  strand(): void {
    for (const pair of this.#pairs) {
      pair.isStranded = true;
      this.#apply(pair);
    }
  }

  /** Closes both ends of each connection and refuses new ones. */
  cut(): void {
    this.#isCut = true;
    this.#destroyAll();
  }

  pass(): void {
    this.#stalled = [];
    this.#isCut = false;
    for (const pair of this.#pairs) this.#apply(pair);
  }

  #destroyAll(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    this.#pairs.clear();
  }

  async close(): Promise<void> {
    this.#destroyAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

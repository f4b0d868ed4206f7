import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/**
 * A proxy to a server that can lose a statement or its response, and then cuts all connections; or that changes the
 * server's messages.
 */
export class FaultyLine {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #losing: { what: "statement" | "answer"; of: string } | null = null;
  #said: (data: Buffer) => Buffer = (data) => data;

  private constructor(url: string, server: Server) {
    this.url = url;
    this.#server = server;
  }

  static async to(url: string): Promise<FaultyLine> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { hostname, port } = new URL(url);
    const here = new URL(url);
    here.port = String((server.address() as AddressInfo).port);
    const line = new FaultyLine(here.href, server);
    server.on("connection", (client) => line.#join(client, connect(Number(port), hostname)));
    return line;
  }

  /** Applies to the next statement that contains this text. */
  lose(what: "statement" | "answer", of: string): void {
    this.#losing = { what, of };
  }

  /** Passes the server's messages through `said` from now on. */
  hear(said: (data: Buffer) => Buffer): void {
    this.#said = said;
  }

  get hasLost(): boolean {
    return this.#losing === null;
  }

  #join(client: Socket, server: Socket): void {
    let isLosing: "statement" | "answer" | null = null;
    const cut = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", cut).on("close", cut);
    }
    client.on("data", (data) => {
      if (this.#losing && data.includes(this.#losing.of)) {
        isLosing = this.#losing.what;
        this.#losing = null;
      }
      if (isLosing === "statement") this.#cutAll();
      else server.write(data);
    });
    server.on("data", (data) => {
      if (isLosing === "answer") this.#cutAll();
      else client.write(this.#said(data));
    });
  }

  #cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.#cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

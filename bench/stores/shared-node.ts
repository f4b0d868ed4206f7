import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TableKind } from "../shared-services.ts";

export interface SharedNodeOptions {
  nodeID: string;
  /** The URL of the server for messages between the nodes. */
  carrier: string;
  log: { engine: "nats" | "postgres"; url: string };
  /** The URL of the PostgreSQL server with the table. */
  table: string;
  folder: string;
  kind: TableKind;
  version: number;
}

const program = fileURLToPath(new URL("../shared-node.ts", import.meta.url));

/** A node in its own process that hosts the shared log and table. */
export class SharedNode {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once("exit", resolve));
  }

  /** Resolves when its broker has started. */
  static async start(options: SharedNodeOptions): Promise<SharedNode> {
    const child = fork(program, [JSON.stringify(options)], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const node = new SharedNode(child);
    const isReady = new Promise((resolve) => child.once("message", () => resolve(true)));
    if (!(await Promise.race([isReady, node.#exited.then(() => false)])))
      throw new Error(`${options.nodeID} ended with code ${child.exitCode} before it was ready`);
    return node;
  }

  /** Stops as in a deployment: the node hands its leases over. */
  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.send("stop");
    await this.#exited;
  }
}

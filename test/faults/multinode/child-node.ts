import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("./node-process.ts", import.meta.url));
const running = new Set<ChildNode>();

interface Options {
  url: string;
  namespace: string;
  nodeID: string;
  folder: string;
  role: "store" | "table";
  /** In seconds; default Moleculer's own. */
  heartbeatTimeout?: number | undefined;
}

/** A node in its own process, on the same folder at each start. */
export class ChildNode {
  readonly #args: string[];
  #process: ChildProcess | null = null;

  constructor({ url, namespace, nodeID, folder, role, heartbeatTimeout }: Options) {
    this.#args = ["--conditions=moleculer-event-sourcing:source", script, url, namespace, nodeID, folder, role];
    if (heartbeatTimeout) this.#args.push(String(heartbeatTimeout));
  }

  /** Resolves when its broker has started. */
  async start(): Promise<void> {
    const started = spawn(process.execPath, this.#args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#process = started;
    running.add(this);
    for await (const line of createInterface(started.stdout)) if (line === "ready") return;
    throw new Error(`a node ended before it was ready, with ${started.exitCode ?? started.signalCode}`);
  }

  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  /** Resolves when the process has ended. */
  async kill(): Promise<void> {
    const killed = this.#process;
    this.#process = null;
    running.delete(this);
    if (!killed || killed.exitCode !== null || killed.signalCode !== null) return;
    const exited = new Promise((resolve) => killed.once("exit", resolve));
    killed.kill("SIGKILL");
    await exited;
  }
}

/** Call it in `afterEach`. */
export async function killChildNodes(): Promise<void> {
  for (const node of running) await node.kill();
}

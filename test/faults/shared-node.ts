import { startChild } from "./child.ts";

/** The messages of one process: positions in the order in which it handled or received them, -1 for a stall. */
export interface Messages {
  handled: number[];
  heard: number[];
}

/** A node in its own process, a new one after each kill. */
export class SharedNode {
  readonly nodeID: string;
  /** The messages of each of its processes, in order. */
  readonly messages: Messages[] = [];
  readonly #args: string[];
  #child: ReturnType<typeof startChild> | null = null;
  isFrozen = false;
  /** How it ended if the test did not kill it. */
  #ended: string | null = null;

  constructor(
    nodeID: string,
    { transporter, namespace, log, table }: Record<"transporter" | "namespace" | "log" | "table", string>,
    clockAheadMs = 0,
  ) {
    this.nodeID = nodeID;
    this.#args = [transporter, namespace, nodeID, log, table, String(clockAheadMs)];
  }

  /** Whether it runs or is frozen. @throws if it has ended by itself */
  get isThere(): boolean {
    if (this.#ended !== null) throw new Error(`${this.nodeID} ended by itself, with ${this.#ended}`);
    return this.#child !== null;
  }

  /** Resolves when its broker has started. */
  async start(): Promise<void> {
    const child = startChild("./shared-node-process.ts", ...this.#args);
    const messages: Messages = { handled: [], heard: [] };
    this.messages.push(messages);
    await new Promise<void>((resolve, reject) => {
      child.lines.on("line", (line) => {
        const [word, position] = line.split(" ");
        if (word === "ready") resolve();
        else if (word === "frozen") this.isFrozen = true;
        else if (word === "stalled") messages.handled.push(-1);
        else messages[word as keyof Messages].push(Number(position));
      });
      void child.exited.then((how) => reject(new Error(`${this.nodeID} ended before it was ready, with ${how}`)));
    });
    this.#child = child;
    void child.exited.then((how) => {
      if (this.#child === child) this.#ended = String(how);
    });
  }

  freeze(): void {
    this.isFrozen = true;
    this.#child!.freeze();
  }

  thaw(): void {
    this.isFrozen = false;
    this.#child!.thaw();
  }

  async kill(): Promise<void> {
    const child = this.#child!;
    this.#child = null;
    child.kill();
    await child.exited;
  }
}

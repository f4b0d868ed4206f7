import { readFileSync } from "node:fs";
import { startChild } from "../faults/child.ts";
import type { Link } from "./link.ts";
import type { Places } from "./money-services.ts";

export interface MoneyNodeOptions extends Omit<Places, "did" | "release"> {
  /** The URL of the server for messages between nodes. */
  carrier: string;
  namespace: string;
  nodeID: string;
  folder: string;
}

/** A node in its own process, a new one after each kill. All its connections use its links. */
export class MoneyNode {
  readonly nodeID: string;
  /** Links to the servers of the log, to that of the shared table, and to the server for messages. */
  readonly links: { log: readonly Link[]; table: Link; carrier: Link };
  release = 1;
  /** The node has a fault: it is killed, frozen or cut off. */
  isVictim = false;
  readonly #options: MoneyNodeOptions;
  readonly #did: (consumer: string) => void;
  #child: ReturnType<typeof startChild> | null = null;
  #ended: string | null = null;

  constructor(options: MoneyNodeOptions, links: MoneyNode["links"], did: (consumer: string) => void) {
    this.nodeID = options.nodeID;
    this.links = links;
    this.#options = options;
    this.#did = did;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** How it ended if no fault has ended it. */
  get ended(): string | null {
    return this.#ended;
  }

  get allLinks(): Link[] {
    return [...this.links.log, this.links.table, this.links.carrier];
  }

  /** Event ids, one per handling of an event by the subscription. */
  get effects(): string[] {
    try {
      return readFileSync(this.#options.effects, "utf8").split("\n").slice(0, -1);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }

  /** Resolves when its broker has started. */
  async start(): Promise<void> {
    const options = JSON.stringify({ ...this.#options, release: this.release });
    const child = startChild("../cluster/money-node-process.ts", options);
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.lines.on("line", (line) => {
        const [word, consumer] = line.split(" ");
        if (word === "did") this.#did(consumer!);
        if (word === "ready") resolve();
      });
      void child.exited.then((how) => {
        if (this.#child === child) this.#ended = `${how}`;
        reject(new Error(`${this.nodeID} ended before it was ready, with ${how}`));
      });
    });
  }

  freeze(): void {
    this.#child!.freeze();
  }

  thaw(): void {
    this.#child!.thaw();
  }

  kill(): Promise<void> {
    return this.#end("kill");
  }

  /** Stops as in a deployment: the node hands its leases over. */
  stop(): Promise<void> {
    return this.#end("end");
  }

  async #end(how: "kill" | "end"): Promise<void> {
    const child = this.#child;
    this.#child = null;
    child?.[how]();
    await child?.exited;
  }
}

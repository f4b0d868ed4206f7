import { startChild } from "../child.ts";
import type { Places, Release } from "./shop.ts";

export interface NodePlace {
  /** The same for the nodes of both releases that have one another's places. */
  name: string;
  transporter: string;
  namespace: string;
  nodeID: string;
  release: Release;
  places: Places;
}

/** An event that a node's subscription has handled; `at` is comparable between processes. */
export interface Handled {
  position: number;
  at: bigint;
}

/** A node of one release in its own process. */
export class ShopNode {
  readonly name: string;
  readonly nodeID: string;
  readonly release: Release;
  readonly handled: Handled[] = [];
  /** Whether it has started, and is neither being stopped nor killed. */
  isThere = false;
  readonly #place: NodePlace;
  #child: ReturnType<typeof startChild> | null = null;

  constructor(place: NodePlace) {
    this.name = place.name;
    this.nodeID = place.nodeID;
    this.release = place.release;
    this.#place = place;
  }

  /** Resolves when its broker has started. */
  async start(): Promise<void> {
    const child = startChild("./rolling/shop-process.ts", JSON.stringify(this.#place));
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.lines.on("line", (line) => {
        const [word, position, at] = line.split(" ");
        if (word === "ready") resolve();
        else if (word === "handled") this.handled.push({ position: Number(position), at: BigInt(at!) });
        else process.stderr.write(`${line}\n`);
      });
      void child.exited.then((how) => reject(new Error(`${this.nodeID} ended before it was ready, with ${how}`)));
    });
    this.isThere = true;
  }

  /** Resolves when it has ended in order. */
  async stop(): Promise<void> {
    this.isThere = false;
    this.#child!.end();
    await this.#child!.exited;
  }

  async kill(): Promise<void> {
    this.isThere = false;
    this.#child!.kill();
    await this.#child!.exited;
  }
}

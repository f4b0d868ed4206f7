import type { ServiceBroker } from "moleculer";
import { v7 } from "uuid";
import { pick, randomFrom } from "../../../testing/kit/random.ts";
import { seed } from "../../support/chance.ts";
import { named } from "../../support/command-of.ts";
import type { ShopNode } from "./shop-node.ts";

interface Decided {
  position: number;
  events: { id: string }[];
}

const pauseMs = 25;
const pause = () => new Promise((turn) => setTimeout(turn, pauseMs));

/** Callers of commands, through any node that is there. A command without a response is sent again with its id. */
export class Writers {
  /** The id of each acknowledged event → its position. */
  readonly acknowledged = new Map<string, number>();
  /** The number of commands that each node has acknowledged. */
  readonly byNode = new Map<string, number>();
  /** Errors that no repetition can cure; none are expected. */
  readonly refused: unknown[] = [];
  readonly #broker: ServiceBroker;
  readonly #nodes: () => ShopNode[];
  readonly #random = randomFrom(seed);
  readonly #loops: Promise<void>[];
  #hasEnded = false;

  constructor(broker: ServiceBroker, nodes: () => ShopNode[], callers = 3) {
    this.#broker = broker;
    this.#nodes = nodes;
    this.#loops = Array.from({ length: callers }, (_, caller) => this.#write(`${v7().slice(-6)}.${caller}`));
  }

  async #write(caller: string): Promise<void> {
    for (let n = 0; !this.#hasEnded && this.#broker.started; n++) {
      // Some entities get events of both releases.
      const id = `${caller}.${n % 3 === 0 ? n : n - (n % 3)}`;
      const command = n % 3 === 0 ? "place" : this.#random() < 0.5 ? "note" : "ship";
      await this.#send(command, { id, ...(command === "place" && { euros: 1 + Math.floor(this.#random() * 100) }) });
      await pause();
    }
  }

  async #send(command: string, params: object): Promise<void> {
    const commandId = v7();
    while (this.#broker.started) {
      const node = this.#nodeFor(command);
      if (!node) return;
      try {
        const { events, position } = await this.#broker.call<Decided, object>(`order.${command}`, params, {
          nodeID: node.nodeID,
          timeout: 5000,
          ...named(commandId),
        });
        for (const { id } of events) this.acknowledged.set(id, position);
        this.byNode.set(node.nodeID, (this.byNode.get(node.nodeID) ?? 0) + 1);
        return;
      } catch (error) {
        const { code } = error as { code?: number };
        // Gone, not there yet, silent, or not able to: another node may be.
        if (code === undefined || ![404, 503, 504].includes(code)) {
          this.refused.push(error);
          return;
        }
        await pause();
      }
    }
  }

  /** Only the second release has the command that ships. Undefined if it is not there yet. */
  #nodeFor(command: string): ShopNode | undefined {
    const able = this.#nodes().filter(({ release }) => command !== "ship" || release === 2);
    return able.length > 0 ? pick(this.#random, able) : undefined;
  }

  /** Resolves when every command is acknowledged. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    await Promise.all(this.#loops);
  }
}

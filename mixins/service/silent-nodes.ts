import type { ServiceBroker } from "moleculer";
import { times } from "../../core/concurrency/times.ts";
import { within } from "../../core/concurrency/within.ts";

const ended = () => {};

/** Nodes that respond to nothing, not even to a ping: killed, frozen or cut off. The registry keeps them for long. */
export class SilentNodes {
  readonly #silent = new Set<string>();
  readonly #pings = new Map<string, Promise<void>>();

  /** A silent node is pinged, and counts as silent until it responds. */
  has(broker: ServiceBroker, nodeID: string): boolean {
    if (!this.#silent.has(nodeID)) return false;
    void this.#ping(broker, nodeID);
    return true;
  }

  /** Whether the answer of a call of the node arrives; false if the node is silent. Never rejects. */
  async hasAnswered(broker: ServiceBroker, nodeID: string, answer: Promise<unknown>): Promise<boolean> {
    const settled = answer.then(ended, ended);
    if (await within(times.newerRows.answerMs, settled)) return true;
    await this.#ping(broker, nodeID);
    if (this.#silent.has(nodeID)) return false;
    await settled;
    return true;
  }

  /** One at a time: any number of calls may wait for the node. */
  async #ping(broker: ServiceBroker, nodeID: string): Promise<void> {
    const running = this.#pings.get(nodeID);
    if (running) return running;
    const ping = this.#note(broker, nodeID).finally(() => this.#pings.delete(nodeID));
    this.#pings.set(nodeID, ping);
    return ping;
  }

  async #note(broker: ServiceBroker, nodeID: string): Promise<void> {
    const pong = await broker.ping(nodeID, times.call.pingMs);
    if (pong === null) this.#silent.add(nodeID);
    else this.#silent.delete(nodeID);
  }
}

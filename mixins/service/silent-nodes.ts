import type { ServiceBroker } from "moleculer";
import { times } from "../../core/concurrency/times.ts";
import { within } from "../../core/concurrency/within.ts";

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

  /**
   * The node's answer; null if the node is silent. A node that responds only to the ping is asked once more: the message may be
   * lost, for example because the node was restarted. @throws the error that the node answers
   */
  async ask(broker: ServiceBroker, nodeID: string, ask: () => Promise<unknown>): Promise<{ answer: unknown } | null> {
    const first = ask();
    if (await within(times.newerRows.answerMs, first)) return { answer: await first };
    await this.#ping(broker, nodeID);
    return this.#silent.has(nodeID) ? null : { answer: await Promise.race([first, ask()]) };
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

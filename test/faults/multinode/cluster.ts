import { randomUUID } from "node:crypto";
import type { BrokerOptions, ServiceBroker, ServiceSchema } from "moleculer";
import { eventually, startBroker } from "../../support/broker.ts";
import type { EngineServer } from "../../support/engines.ts";
import { nodeOptions } from "./node-options.ts";

/** Brokers that find only each other, over NATS. */
export class Cluster {
  readonly namespace = randomUUID();
  readonly #server: EngineServer;
  readonly #nodes: ServiceBroker[] = [];

  constructor(server: EngineServer) {
    this.#server = server;
  }

  async node(nodeID: string, services: ServiceSchema[], options: BrokerOptions = {}): Promise<ServiceBroker> {
    const broker = await startBroker(services, {
      ...nodeOptions(this.#server.url, this.namespace, nodeID),
      ...options,
    });
    this.#nodes.push(broker);
    return broker;
  }

  /** Waits until every running node knows that exactly these nodes host the service. */
  async knows(service: string, ...nodeIDs: string[]): Promise<void> {
    await eventually(() => {
      for (const broker of this.#nodes.filter(({ started }) => started)) {
        const hosts = hostsOf(broker, service);
        if (hosts !== nodeIDs.toSorted().join())
          throw new Error(`${broker.nodeID} knows ${service} on: ${hosts}; expected ${nodeIDs.join()}`);
      }
    });
  }
}

function hostsOf(broker: ServiceBroker, service: string): string {
  const known = broker.registry.getServiceList({ onlyAvailable: true }) as { name: string; nodeID: string }[];
  return known
    .filter(({ name }) => name === service)
    .map(({ nodeID }) => nodeID)
    .toSorted()
    .join();
}

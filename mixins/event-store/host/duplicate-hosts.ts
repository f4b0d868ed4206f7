import type { ServiceBroker } from "moleculer";
import { UnusableStoreError } from "../../../core/errors/errors.ts";

/**
 * Detects other nodes that host a store of the same name on an engine that runs inside one process. There would be two
 * logs, and the broker would balance calls between them.
 */
export class DuplicateHosts {
  readonly #broker: ServiceBroker;
  readonly #store: string;
  #nodes: string[] = [];

  constructor(broker: ServiceBroker, store: string) {
    this.#broker = broker;
    this.#store = store;
  }

  /** Reads the registry. Call it when services have changed. */
  check(): void {
    const services = this.#broker.registry.getServiceList({ onlyAvailable: true }) as {
      name: string;
      nodeID: string;
    }[];
    const ownNode = this.#broker.nodeID;
    this.#nodes = services
      .filter(({ name, nodeID }) => name === this.#store && nodeID !== ownNode)
      .map(({ nodeID }) => nodeID);
  }

  /** Why nothing can be stored; null if this node is the only host. */
  get cause(): string | null {
    if (this.#nodes.length === 0) return null;
    return `is also hosted by ${this.#nodes.join(", ")}, with a separate log; expected one host: set \`host: false\` on the others`;
  }

  /** @throws UnusableStoreError */
  assertNone(): void {
    if (this.#nodes.length > 0) throw new UnusableStoreError(this.#store, this.cause!);
  }
}

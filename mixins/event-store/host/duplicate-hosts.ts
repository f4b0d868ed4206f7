import type { ServiceBroker } from "moleculer";
import { UnusableStoreError } from "../../../core/errors/errors.ts";

/**
 * Other nodes that host a store of the same name, where its engine lives inside one process: then there are two logs, and
 * calls would go now to one and now to the other.
 */
export class DuplicateHosts {
  readonly #broker: ServiceBroker;
  readonly #store: string;
  #nodes: string[] = [];

  constructor(broker: ServiceBroker, store: string) {
    this.#broker = broker;
    this.#store = store;
  }

  /** To be called when services come and go. */
  check(): void {
    const services = this.#broker.registry.getServiceList({ onlyAvailable: true }) as {
      name: string;
      nodeID: string;
    }[];
    const here = this.#broker.nodeID;
    this.#nodes = services
      .filter(({ name, nodeID }) => name === this.#store && nodeID !== here)
      .map(({ nodeID }) => nodeID);
  }

  /** Why nothing can be stored; null where this node is the only host. */
  get cause(): string | null {
    if (this.#nodes.length === 0) return null;
    return `is hosted by ${this.#nodes.join(", ")} as well, with a log of its own; expected one host: say \`host: false\` on the others`;
  }

  /** @throws UnusableStoreError */
  assertNone(): void {
    const { cause } = this;
    if (cause !== null) throw new UnusableStoreError(this.#store, cause);
  }
}

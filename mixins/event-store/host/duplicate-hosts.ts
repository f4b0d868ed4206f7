import type { ServiceBroker } from "moleculer";
import { UnusableStoreError } from "../../../core/errors/errors.ts";
import type { PublishedRole } from "../../service/role.ts";

interface Listed {
  name: string;
  nodeID: string;
  metadata: { $eventSourcing?: PublishedRole };
}

/**
 * Detects other nodes that host a store of the same name with another log, since the broker would balance calls between
 * them: on an engine that runs inside one process any other node, on a server's engine those of another server or
 * database. Of these the hosts of a log that more nodes host go on.
 */
export class DuplicateHosts {
  readonly #broker: ServiceBroker;
  readonly #store: string;
  readonly #isShared: boolean;
  /** The identity of this node's log, once it is open. */
  #log: string | null = null;
  #nodes: string[] = [];

  constructor(broker: ServiceBroker, store: string, isShared: boolean) {
    this.#broker = broker;
    this.#store = store;
    this.#isShared = isShared;
  }

  set log(identity: string) {
    this.#log = identity;
    this.check();
  }

  /** Reads the registry. Call it when services have changed. */
  check(): void {
    const services = this.#broker.registry.getServiceList({ onlyAvailable: true }) as Listed[];
    const others = services.filter(({ name, nodeID }) => name === this.#store && nodeID !== this.#broker.nodeID);
    const logOf = ({ metadata }: Listed) => metadata.$eventSourcing?.log;
    const separate = this.#isShared ? others.filter((one) => ![undefined, this.#log].includes(logOf(one))) : others;
    const fellows = others.length - separate.length;
    const isNotFewer = (one: Listed) => separate.filter((other) => logOf(other) === logOf(one)).length > fellows;
    this.#nodes = separate.filter((one) => !this.#isShared || isNotFewer(one)).map(({ nodeID }) => nodeID);
  }

  /** Why nothing can be stored; null if no other node hosts another log, or fewer nodes do. */
  get cause(): string | null {
    if (this.#nodes.length === 0) return null;
    const expected = this.#isShared
      ? "expected the same server and database on every host"
      : "expected one host: set `host: false` on the others";
    return `is also hosted by ${this.#nodes.join(", ")}, with a separate log; ${expected}`;
  }

  /** @throws UnusableStoreError */
  assertNone(): void {
    if (this.#nodes.length > 0) throw new UnusableStoreError(this.#store, this.cause!);
  }
}

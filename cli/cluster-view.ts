import { ServiceBroker, type BrokerOptions } from "moleculer";
import { needOf, type Need, type ServiceStatus } from "./deploy-progress.ts";

/** A need of a service on a node, or of the node itself. */
export interface Open extends Need {
  of: string;
}

interface KnownNode {
  id: string;
  services?: unknown[];
}
interface KnownAction {
  name: string;
  endpoints?: { nodeID: string }[];
}

/** A node that only looks at the others, without services of its own, and logs nothing. */
export function lookingNode(options: BrokerOptions): ServiceBroker {
  const silent = { logger: false, metrics: false, tracing: false, hotReload: false } as const;
  const hooks = { created: () => {}, started: () => {}, stopped: () => {} };
  // As the docs advise for all nodes: a node whose heartbeats are rarer is warned of.
  const defaults = { heartbeatInterval: 1, heartbeatTimeout: 5 };
  const own = { nodeID: `deployed-${process.pid}`, requestTimeout: 10_000, internalServices: true };
  return new ServiceBroker({ ...defaults, ...options, ...silent, ...hooks, ...own });
}

/** The nodes that are there. */
export async function nodesIn(broker: ServiceBroker): Promise<string[]> {
  return (await known(broker)).map(({ id }) => id).filter((id) => id !== broker.nodeID);
}

const known = (broker: ServiceBroker): Promise<KnownNode[]> =>
  broker.call<KnownNode[], object>("$node.list", { onlyAvailable: true, withServices: true });

/** A node announces each service when that has started, and not when all have. */
const settledMs = 5000;

/** The services that nodes have announced, and since when. */
export class Announced {
  readonly #of = new Map<string, { services: string; since: number }>();

  isComplete({ id, services }: KnownNode): boolean {
    const names = namesOf(services);
    const before = this.#of.get(id);
    if (before?.services === names) return names !== "" && performance.now() - before.since >= settledMs;
    this.#of.set(id, { services: names, since: performance.now() });
    return false;
  }

  forget(node: string): void {
    this.#of.delete(node);
  }
}

const namesOf = (services: unknown[] = []): string =>
  services
    .map((one) => String((one as { name?: unknown } | null)?.name))
    .filter((name) => !name.startsWith("$"))
    .toSorted()
    .join();

/** What these nodes still need. */
export async function openOn(broker: ServiceBroker, nodes: readonly string[], announced: Announced): Promise<Open[]> {
  const there = new Map((await known(broker)).map((node) => [node.id, node]));
  const open: Open[] = [];
  for (const node of nodes) {
    const found = there.get(node);
    if (found && announced.isComplete(found)) continue;
    open.push({ of: node, kind: "waits", why: found ? "is starting" : "is not there" });
    if (!found) announced.forget(node);
  }
  const list = { withEndpoints: true, skipInternal: true };
  const actions = await broker.call<KnownAction[], object>("$node.actions", list);
  const asked = actions
    .filter(({ name }) => name.endsWith(".status") && !name.startsWith("$"))
    .flatMap(({ name, endpoints = [] }) =>
      endpoints.filter(({ nodeID }) => nodes.includes(nodeID)).map(({ nodeID }) => ({ name, nodeID })),
    );
  const needs = await Promise.all(
    asked.map(async ({ name, nodeID }) => {
      const need = await needAt(broker, name, nodeID, nodes);
      return need && { of: `${name.slice(0, -".status".length)} on ${nodeID}`, ...need };
    }),
  );
  return [...open, ...needs.filter((need) => need !== null)].toSorted((a, b) => a.of.localeCompare(b.of));
}

async function needAt(broker: ServiceBroker, action: string, nodeID: string, nodes: readonly string[]) {
  try {
    const status = await broker.call<unknown, object>(action, {}, { nodeID });
    return isOurs(status) ? needOf(status, nodeID, nodes) : null;
  } catch (error) {
    return { kind: "waits" as const, why: `does not respond: ${(error as Error).message}` };
  }
}

/** Other services may have an action `status`, too. */
const isOurs = (status: unknown): status is ServiceStatus => {
  const { name, state, head } = Object(status) as Record<string, unknown>;
  return typeof name === "string" && typeof state === "string" && head !== undefined;
};

import type { ServiceBroker } from "moleculer";

/** Errors that say that a node has gone: it holds nothing in flight any more. */
const gone = ["SERVICE_NOT_FOUND", "SERVICE_NOT_AVAILABLE", "REQUEST_REJECTED"];

/** Calls an action of a service on each node that hosts it, at the same time. A node that goes away meanwhile is left out. */
export async function onEveryHost<Answer>(
  broker: ServiceBroker,
  service: string,
  action: string,
  params: object,
): Promise<Map<string, Answer>> {
  const name = `${service}.${action}`;
  const services = broker.registry.getServiceList({ onlyAvailable: true }) as { name: string; nodeID: string }[];
  const nodes = services.filter((one) => one.name === service).map(({ nodeID }) => nodeID);
  const answers = new Map<string, Answer>();
  await Promise.all(
    [...new Set([broker.nodeID, ...nodes])].map(async (nodeID) => {
      try {
        answers.set(nodeID, await broker.call(name, params, { nodeID }));
      } catch (error) {
        if (!isGone(error, name)) throw error;
      }
    }),
  );
  return answers;
}

/** The called action's own errors may look the same: they name another action. */
function isGone(error: unknown, action: string): boolean {
  const { type, data } = error as { type?: unknown; data?: { action?: unknown } };
  return gone.includes(String(type)) && data?.action === action;
}

import type { ServiceBroker } from "moleculer";
import { times } from "../../core/times.ts";
import { remoteCall } from "./remote-call.ts";

/** Errors that say that a node has gone: it holds nothing in flight any more. */
const gone = ["SERVICE_NOT_FOUND", "SERVICE_NOT_AVAILABLE", "REQUEST_REJECTED"];

/**
 * Calls an action of a service on each node that hosts it, at the same time. A node that goes away meanwhile is left out.
 * The action is one that may be called again.
 */
export async function onEveryHost<Answer>(
  broker: ServiceBroker,
  service: string,
  action: string,
  params: object,
): Promise<Map<string, Answer>> {
  const name = `${service}.${action}`;
  const answers = new Map<string, Answer>();
  await Promise.all(
    [...new Set([broker.nodeID, ...hostsOf(broker, service)])].map(async (nodeID) => {
      try {
        answers.set(nodeID, await untilAnswered<Answer>(broker, name, params, nodeID));
      } catch (error) {
        if (!isOf(error, name, gone)) throw error;
      }
    }),
  );
  return answers;
}

/** The nodes that are there and host a service. */
export function hostsOf(broker: ServiceBroker, service: string): string[] {
  const services = broker.registry.getServiceList({ onlyAvailable: true }) as { name: string; nodeID: string }[];
  return services.filter((one) => one.name === service).map(({ nodeID }) => nodeID);
}

/** An answer may take as long as a transform does, but one that was lost on the way would never come. */
async function untilAnswered<Answer>(
  broker: ServiceBroker,
  action: string,
  params: object,
  nodeID: string,
): Promise<Answer> {
  // Nothing gets lost on the way to oneself.
  const timeout = nodeID === broker.nodeID ? 0 : times.call.everyHostMs;
  for (;;) {
    try {
      return await remoteCall<Answer>(broker, action, params, { nodeID, timeout });
    } catch (error) {
      if (!isOf(error, action, ["REQUEST_TIMEOUT"])) throw error;
    }
  }
}

/** The called action's own errors may look the same: they name another action. */
function isOf(error: unknown, action: string, types: readonly string[]): boolean {
  const { type, data } = error as { type?: unknown; data?: { action?: unknown } };
  return types.includes(String(type)) && data?.action === action;
}

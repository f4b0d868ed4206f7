import { setTimeout as wait } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { times } from "../../core/concurrency/times.ts";
import { remoteCall } from "./remote-call.ts";

/** Errors that say that a node has gone: it holds nothing in flight any more. */
const gone = ["SERVICE_NOT_FOUND", "SERVICE_NOT_AVAILABLE", "REQUEST_REJECTED"];

export interface EveryHost<Answer> {
  answers: Map<string, Answer>;
  /** Nodes that have not gone and answer nothing, not even a ping: frozen, or cut off. */
  silent: string[];
}

/**
 * Calls an action of a service on each node that hosts it, at the same time. A node that goes away meanwhile is left out.
 * The action is one that may be called again.
 */
export async function onEveryHost<Answer>(
  broker: ServiceBroker,
  service: string,
  action: string,
  params: object,
): Promise<EveryHost<Answer>> {
  const name = `${service}.${action}`;
  const answers = new Map<string, Answer>();
  const silent: string[] = [];
  await Promise.all(
    [...new Set([broker.nodeID, ...hostsOf(broker, service)])].map(async (nodeID) => {
      try {
        const answer = await untilSilent(broker, nodeID, untilAnswered<Answer>(broker, name, params, nodeID));
        if (answer === silence) silent.push(nodeID);
        else answers.set(nodeID, answer);
      } catch (error) {
        if (!isOf(error, name, gone)) throw error;
      }
    }),
  );
  return { answers, silent: silent.toSorted() };
}

/** @throws StoreUnavailableError where a node has not acknowledged a pause */
export function refuseSilent(name: string, silent: readonly string[]): void {
  if (silent.length === 0) return;
  throw new StoreUnavailableError(
    name,
    `the pause is stored, and every node follows it; ${silent.join(", ")} ${silent.length === 1 ? "has" : "have"} not acknowledged it and may have an event in flight: no answer to ${times.call.pings} pings`,
  );
}

const silence: unique symbol = Symbol("silence");

/** The answer, or that the node is silent: a frozen one is in the registry until its heartbeat has been missed for long. */
async function untilSilent<Answer>(
  broker: ServiceBroker,
  nodeID: string,
  answer: Promise<Answer>,
): Promise<Answer | typeof silence> {
  if (nodeID === broker.nodeID) return answer;
  const end = new AbortController();
  try {
    return await Promise.race([answer, silenceOf(broker, nodeID, end.signal)]);
  } finally {
    end.abort();
    // One that comes after all is of no interest.
    answer.catch(() => {});
  }
}

/** Settles when the node has left so many pings in a row unanswered; never where it is no longer waited for. */
async function silenceOf(broker: ServiceBroker, nodeID: string, end: AbortSignal): Promise<typeof silence> {
  const { pingMs, pings } = times.call;
  for (let unanswered = 0; unanswered < pings;) {
    // Most answers are there before the first ping, and a broker without a connection answers at once.
    await wait(pingMs, undefined, { signal: end, ref: false }).catch(() => {});
    if (end.aborted) return new Promise(() => {});
    unanswered = (await broker.ping(nodeID, pingMs)) === null ? unanswered + 1 : 0;
  }
  return silence;
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

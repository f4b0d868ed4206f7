import { setTimeout as wait } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { times } from "../../core/concurrency/times.ts";
import { innerName, spoken } from "../service/between-nodes.ts";
import { releasesOf } from "../service/releases.ts";
import { remoteCall } from "./remote-call.ts";

/** Errors that mean that a node has gone: it has nothing in flight any more. */
const gone = ["SERVICE_NOT_FOUND", "SERVICE_NOT_AVAILABLE", "REQUEST_REJECTED"];

export interface EveryHost<Answer> {
  answers: Map<string, Answer>;
  /** Nodes that are registered but respond to nothing, not even to a ping: frozen, or cut off. */
  silent: string[];
}

/**
 * Calls an action between nodes on every node that hosts it, in parallel. A node that disappears during the call is
 * omitted. The action must be idempotent.
 */
export async function onEveryHost<Answer>(
  broker: ServiceBroker,
  service: string,
  action: string,
  params: object,
): Promise<EveryHost<Answer>> {
  const answers = new Map<string, Answer>();
  const silent: string[] = [];
  await Promise.all(
    [...hostsOf(broker, service).set(broker.nodeID, innerName(service))].map(async ([nodeID, inner]) => {
      const name = `${inner}.${action}`;
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

/** @throws StoreUnavailableError if a node has not acknowledged a pause */
export function refuseSilent(name: string, silent: readonly string[]): void {
  if (silent.length === 0) return;
  throw new StoreUnavailableError(
    name,
    `the pause is stored, and every node follows it; ${silent.join(", ")} ${silent.length === 1 ? "has" : "have"} not acknowledged it and may have an event in flight: no answer to ${times.call.pings} pings`,
  );
}

const silence: unique symbol = Symbol("silence");

/**
 * Resolves to the answer, or to `silence` if the node is silent: the registry keeps a frozen node until its heartbeat
 * has been missing for long.
 */
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
    // A rejection after the silence must not be unhandled.
    answer.catch(() => {});
  }
}

/** Settles when the node has left that many pings in a row unanswered; never settles after `end` is aborted. */
async function silenceOf(broker: ServiceBroker, nodeID: string, end: AbortSignal): Promise<typeof silence> {
  const { pingMs, pings } = times.call;
  for (let unanswered = 0; unanswered < pings;) {
    // Waits first: most answers arrive before a ping, and a broker without a connection answers a ping at once.
    await wait(pingMs, undefined, { signal: end, ref: false }).catch(() => {});
    if (end.aborted) return new Promise(() => {});
    unanswered = (await broker.ping(nodeID, pingMs)) === null ? unanswered + 1 : 0;
  }
  return silence;
}

/** By node, the inner service of the available hosts that have started. */
function hostsOf(broker: ServiceBroker, service: string): Map<string, string> {
  const services = broker.registry.getServiceList({ onlyAvailable: true }) as { name: string; nodeID: string }[];
  const started = new Set(services.map(({ name, nodeID }) => JSON.stringify([nodeID, innerName(name)])));
  const hosts = releasesOf(broker, service).filter(({ nodeID, inner }) => started.has(JSON.stringify([nodeID, inner])));
  return new Map(hosts.map(({ nodeID, inner }) => [nodeID, inner]));
}

/** Repeats the call after a timeout: an answer may take as long as a transform, but a lost one would never arrive. */
async function untilAnswered<Answer>(
  broker: ServiceBroker,
  action: string,
  params: object,
  nodeID: string,
): Promise<Answer> {
  // A local call cannot get lost.
  const timeout = nodeID === broker.nodeID ? 0 : times.call.everyHostMs;
  for (;;) {
    try {
      return await remoteCall<Answer>(broker, action, params, { ...spoken, nodeID, timeout });
    } catch (error) {
      if (!isOf(error, action, ["REQUEST_TIMEOUT"])) throw error;
    }
  }
}

/** An error of the called action itself may have the same type, but it names another action. */
function isOf(error: unknown, action: string, types: readonly string[]): boolean {
  const { type, data } = error as { type?: unknown; data?: { action?: unknown } };
  return types.includes(String(type)) && data?.action === action;
}

import { Errors, type CallingOptions, type Context, type ServiceBroker } from "moleculer";
import { assertCallFits } from "../service/message-size.ts";

interface Unanswered {
  action: string;
  nodeID: string;
  instanceID: string | null;
  reject: (error: Error) => void;
}

type NodeUpdated = { node: { id: string; instanceID: string | null } };

const unanswered = new WeakMap<ServiceBroker, Set<Unanswered>>();

/**
 * `broker.call` that also rejects when the called process has gone. If a node is killed and returns under its name
 * before its heartbeat is missed, Moleculer itself waits for ever, or until a timeout.
 * @throws RequestRejectedError, as Moleculer does if it notices; EventTooLargeError, before anything is sent
 */
export function remoteCall<Answer>(
  broker: ServiceBroker,
  action: string,
  params: unknown,
  options: CallingOptions,
  /** Called with the meta that returns with an answer. */
  onMeta?: (meta: object) => void,
): Promise<Answer> {
  try {
    assertCallFits(broker, action, params, options);
  } catch (error) {
    return Promise.reject(error);
  }
  const call = broker.call<Answer, unknown>(action, params, options);
  const { ctx } = call as { ctx?: Context };
  const answer = onMeta && ctx ? call.then((value) => (onMeta(ctx.meta), value)) : call;
  const nodeID = ctx?.nodeID;
  return !nodeID || nodeID === broker.nodeID ? answer : orLost(broker, action, nodeID, answer);
}

async function orLost<Answer>(
  broker: ServiceBroker,
  action: string,
  nodeID: string,
  answer: Promise<Answer>,
): Promise<Answer> {
  const { promise: lost, reject } = Promise.withResolvers<never>();
  const calls = callsOf(broker);
  const call: Unanswered = { action, nodeID, instanceID: broker.registry.nodes.get(nodeID)?.instanceID, reject };
  calls.add(call);
  try {
    return await Promise.race([answer, lost]);
  } finally {
    calls.delete(call);
  }
}

function callsOf(broker: ServiceBroker): Set<Unanswered> {
  let calls = unanswered.get(broker);
  if (!calls) {
    const known = (calls = new Set<Unanswered>());
    unanswered.set(broker, known);
    broker.localBus.on("$node.updated", ({ node }: NodeUpdated) => {
      for (const { action, nodeID, instanceID, reject } of known)
        if (node.id === nodeID && node.instanceID !== instanceID)
          reject(new Errors.RequestRejectedError({ action, nodeID }));
    });
  }
  return calls;
}

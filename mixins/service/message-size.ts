import type { Context, ServiceBroker } from "moleculer";
import { AnswerTooLargeError } from "../../core/errors/answer-too-large.ts";
import { EventTooLargeError, ValidationError } from "../../core/errors/errors.ts";
import { isProblem, toJson } from "../../core/json/json.ts";
import { jsonBytes, type JsonBytes } from "../../core/json/json-bytes.ts";

/**
 * Most bytes of JSON in one message between nodes. NATS refuses more than 1 MB, and Moleculer's TCP transporter ends the
 * connection; the rest is left for what surrounds them.
 */
export const maxMessageBytes = 900 * 1024;
/** Params of a call beyond this are not measured: it is refused already. */
const maxMeasuredBytes = 4 * maxMessageBytes;

/** Whether the call came from another node: its answer is one message. */
export const isFromAnotherNode = ({ nodeID, broker }: Context): boolean => nodeID !== null && nodeID !== broker.nodeID;

/** Whether a call of the action stays on this node, as far as is known before it is made. */
function staysHere(broker: ServiceBroker, action: string, nodeID: string | undefined): boolean {
  if (nodeID !== undefined) return nodeID === broker.nodeID;
  const endpoints = broker.registry.actions.get(action);
  // No node has it: the call fails by itself.
  if (!endpoints || endpoints.count() === 0) return true;
  return endpoints.hasLocal() && (endpoints.count() === 1 || broker.options.registry?.preferLocal !== false);
}

/**
 * Refuses a call that would go to another node with more than one message carries. What stays on this node is not
 * measured.
 * @throws EventTooLargeError naming the largest of the params, or `meta`; ValidationError where one cannot be sent as JSON
 */
export function refuseTooLargeCall(
  broker: ServiceBroker,
  action: string,
  params: unknown,
  { meta, nodeID }: { meta?: object | undefined; nodeID?: string | undefined } = {},
): void {
  if (staysHere(broker, action, nodeID)) return;
  const parts = params !== null && typeof params === "object" ? { ...params } : { params };
  let largest = { field: "params", bytes: 0 };
  let sum = 0;
  let isMore = false;
  for (const [field, value] of [...Object.entries(parts), ["meta", meta] as const]) {
    const size = measured(field, value);
    if (size.bytes > largest.bytes) largest = { field, bytes: size.bytes };
    sum += size.bytes;
    isMore ||= size.isMore;
    // Enough to name one of the largest.
    if (sum > maxMeasuredBytes) {
      isMore = true;
      break;
    }
  }
  if (sum > maxMessageBytes) throw new EventTooLargeError(`${action}: ${largest.field}`, sum, maxMessageBytes, isMore);
}

/** Whether a call may go to another node with what it carries. */
export function isSendable(...call: Parameters<typeof refuseTooLargeCall>): boolean {
  try {
    refuseTooLargeCall(...call);
    return true;
  } catch {
    return false;
  }
}

/** @throws ValidationError */
function measured(field: string, value: unknown): JsonBytes {
  try {
    return jsonBytes(value, maxMessageBytes);
  } catch {
    const problem = toJson(field, value);
    throw new ValidationError([isProblem(problem) ? problem : { field, found: value, expected: "a JSON value" }]);
  }
}

/** Calls an action of a store, wherever that is hosted. @throws EventTooLargeError, ValidationError as above */
export function callStore<Answer>(ctx: Context, store: string, action: string, params: object): Promise<Answer> {
  const name = `${store}.${action}`;
  refuseTooLargeCall(ctx.broker, name, params, { meta: ctx.meta });
  return ctx.call<Answer, object>(name, params);
}

/** These have stored something when they answer: their answers are measured before. */
const measuredBefore = ["append", "record"];

/**
 * The answer of a generated action as it may be sent. Moleculer only logs an answer that no message carries, and the
 * caller would wait until a time-out.
 * @throws AnswerTooLargeError if the caller is another node and no message carries the answer
 */
export function sendable(ctx: Context, answer: unknown): unknown {
  const { rawName = "", name = "" } = (ctx.action ?? {}) as { rawName?: string; name?: string };
  if (!isFromAnotherNode(ctx) || measuredBefore.includes(rawName)) return answer;
  const { bytes, isMore } = jsonBytes(answer, maxMessageBytes);
  if (bytes > maxMessageBytes) throw new AnswerTooLargeError(name, bytes, maxMessageBytes, isMore);
  return answer;
}

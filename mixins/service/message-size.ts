import type { CallingOptions, Context, ServiceBroker } from "moleculer";
import { AnswerTooLargeError } from "../../core/errors/answer-too-large.ts";
import { EventTooLargeError, ValidationError } from "../../core/errors/errors.ts";
import { isProblem, toJson } from "../../core/json/json.ts";
import { namingStore } from "./missing-store.ts";
import { jsonBytes, type JsonBytes } from "../../core/json/json-bytes.ts";

/**
 * The most bytes of JSON in one message between nodes. NATS rejects more than 1 MB, and Moleculer's TCP transporter closes
 * the connection. The difference is room for the packet's other fields.
 */
export const maxMessageBytes = 900 * 1024;
/** Measuring stops here: the call is rejected anyway. */
const maxMeasuredBytes = 4 * maxMessageBytes;

/** True if the call came from another node, so that its result is sent as one message. */
export const isFromAnotherNode = ({ nodeID, broker }: Context): boolean => nodeID !== null && nodeID !== broker.nodeID;

/**
 * Rejects a call to another node that does not fit into one message. A call that stays on this node is not measured.
 * @throws EventTooLargeError with the name of the largest param, or `meta`, of `owner`; ValidationError if one cannot be
 * sent as JSON
 */
export function assertCallFits(
  broker: ServiceBroker,
  action: string,
  params: unknown,
  { meta, nodeID }: { meta?: object | undefined; nodeID?: string | undefined } = {},
  owner = action,
): void {
  const endpoints = broker.registry.actions.get(action);
  const count = endpoints?.count() ?? 0;
  const isPreferred = count === 1 || action.startsWith("$") || broker.options.registry?.preferLocal !== false;
  // Without an endpoint the call fails with Moleculer's own error.
  const isLocal = count === 0 || (isPreferred && endpoints!.hasLocal());
  if (nodeID === undefined ? isLocal : nodeID === broker.nodeID) return;
  const parts = params !== null && typeof params === "object" ? { ...params } : { params };
  let largest = { field: "params", bytes: 0 };
  let sum = 0;
  let isMore = false;
  for (const [field, value] of [...Object.entries(parts), ["meta", meta] as const]) {
    const size = measure(field, value);
    if (size.bytes > largest.bytes) largest = { field, bytes: size.bytes };
    sum += size.bytes;
    isMore ||= size.isMore;
    // The sum suffices to name one of the largest params.
    if (sum > maxMeasuredBytes) {
      isMore = true;
      break;
    }
  }
  if (sum > maxMessageBytes) throw new EventTooLargeError(`${owner}: ${largest.field}`, sum, maxMessageBytes, isMore);
}

/** True if the call stays on this node or fits into one message. */
export function isSendable(...call: Parameters<typeof assertCallFits>): boolean {
  try {
    assertCallFits(...call);
    return true;
  } catch {
    return false;
  }
}

/** @throws ValidationError */
function measure(field: string, value: unknown): JsonBytes {
  try {
    return jsonBytes(value, maxMessageBytes);
  } catch {
    const problem = toJson(field, value);
    throw new ValidationError([isProblem(problem) ? problem : { field, found: value, expected: "a JSON value" }]);
  }
}

/**
 * Calls an action of a store on any node. Errors name the action or event that the caller knows: the store's own may be
 * internal. @throws EventTooLargeError, ValidationError as above
 */
export function callStore<Answer>(
  ctx: Context,
  action: string,
  params: object,
  options?: CallingOptions,
): Promise<Answer> {
  const owner = ctx.action?.name ?? ctx.eventName ?? action;
  assertCallFits(ctx.broker, action, params, { meta: ctx.meta, nodeID: options?.nodeID }, owner);
  return ctx.call<Answer, object>(action, params, options).catch((error: unknown) => {
    throw namingStore(error, action, owner);
  });
}

/** These actions store events. Their results are measured before storing, because rejecting them afterwards is too late. */
const measuredBefore = ["append", "record"];
export const isMeasuredBefore = ({ action }: Context): boolean =>
  measuredBefore.includes((action as { rawName?: string } | null)?.rawName ?? "");

/**
 * Checks the result of a generated action that is sent to another node. Moleculer only logs a result that is too large for a
 * message, and the caller would wait until its timeout.
 * @throws AnswerTooLargeError if it does not fit into one message
 */
export function assertAnswerFits(ctx: Context, answer: unknown): void {
  const name = ctx.action?.name ?? "";
  const { bytes, isMore } = jsonBytes(answer, maxMessageBytes);
  if (bytes > maxMessageBytes) throw new AnswerTooLargeError(name, bytes, maxMessageBytes, isMore);
}

import type { Context } from "moleculer";
import { maxEventsOfCallers, type AppendContext } from "../../../core/log/append-request.ts";
import { isFromAnotherNode, maxMessageBytes } from "../../service/message-size.ts";

/**
 * The ids that an append takes from its call. By default `correlationId` is the request's id, and `causationId` the id of
 * the call that led to the append.
 */
export function requestIds(
  ctx: Context<unknown, Record<string, unknown>>,
): Pick<AppendContext, "correlationId" | "causationId" | "causationDepth" | "maxAnswerBytes" | "maxEvents"> {
  const { correlationId, causationId, $causationDepth: causationDepth } = ctx.meta;
  return {
    correlationId: typeof correlationId === "string" ? correlationId : (ctx.requestID ?? ctx.id),
    causationId: typeof causationId === "string" ? causationId : (ctx.parentID ?? ctx.id),
    maxEvents: maxEventsOfCallers,
    // Checked at the action that was called first: see `assertInheritedDepth`.
    causationDepth: typeof causationDepth === "number" ? causationDepth : undefined,
    maxAnswerBytes: isFromAnotherNode(ctx) ? maxMessageBytes : undefined,
  };
}

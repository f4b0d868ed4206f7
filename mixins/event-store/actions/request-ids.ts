import type { Context } from "moleculer";
import { maxEventsOfCallers, type AppendContext } from "../../../core/log/append-request.ts";
import { isFromAnotherNode, maxMessageBytes } from "../../service/message-size.ts";

/** What an append takes from its call. The request is what correlates; the direct cause is the event or the call that led here. */
export function requestIds(
  ctx: Context<unknown, Record<string, unknown>>,
): Pick<AppendContext, "correlationId" | "causationId" | "causationDepth" | "maxAnswerBytes" | "maxEvents"> {
  const { correlationId, causationId, causationDepth } = ctx.meta;
  return {
    correlationId: typeof correlationId === "string" ? correlationId : (ctx.requestID ?? ctx.id),
    causationId: typeof causationId === "string" ? causationId : (ctx.parentID ?? ctx.id),
    maxEvents: maxEventsOfCallers,
    ...(isDepth(causationDepth) && { causationDepth }),
    ...(isFromAnotherNode(ctx) && { maxAnswerBytes: maxMessageBytes }),
  };
}

/** Of something else, nothing is noted. */
const isDepth = (found: unknown): found is number => Number.isSafeInteger(found) && (found as number) > 0;

import type { Context } from "moleculer";
import type { AppendContext } from "../../core/append-request.ts";

/** Most bytes that an append's answer to another node may take: NATS carries 1 MB. */
const maxAnswerBytes = 900 * 1024;

/** The request is what correlates; the direct cause is the event or the call that led here. */
export function requestIds(
  ctx: Context<unknown, Record<string, unknown>>,
): Pick<AppendContext, "correlationId" | "causationId" | "causationDepth" | "maxAnswerBytes"> {
  const { correlationId, causationId, causationDepth } = ctx.meta;
  // To another node the answer is one message.
  const isRemote = ctx.nodeID !== null && ctx.nodeID !== ctx.broker.nodeID;
  return {
    correlationId: typeof correlationId === "string" ? correlationId : (ctx.requestID ?? ctx.id),
    causationId: typeof causationId === "string" ? causationId : (ctx.parentID ?? ctx.id),
    ...(isDepth(causationDepth) && { causationDepth }),
    ...(isRemote && { maxAnswerBytes }),
  };
}

/** Of something else, nothing is noted. */
const isDepth = (found: unknown): found is number => Number.isSafeInteger(found) && (found as number) > 0;

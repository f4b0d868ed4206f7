import type { Context } from "moleculer";
import { derivedEventId, isEventId } from "../../../core/event/event-id.ts";
import { commandHash } from "../../../core/log/command-hash.ts";
import { CommandIdReusedError } from "../../../core/log/command-id.ts";
import type { CommandTag } from "../../../core/log/command-tag.ts";
import type { AppendInput } from "../../../core/log/append-request.ts";
import { assertAnswerFits, isFromAnotherNode } from "../../service/message-size.ts";
import { commandIdOf } from "../../service/command-header.ts";
import type { StoredAnswer } from "../append/appends.ts";
import type { StoreHost } from "../host/host.ts";
import { assertSameCommand, earlierEvents, repeatedAnswer } from "./earlier-events.ts";

/** The tag of a caller's `append` with a command id; undefined for params that the checks of the append refuse. */
export function appendTag({ action, params }: Context<AppendInput>, id: string): CommandTag | undefined {
  const hash = contentHash(params);
  return hash === undefined ? undefined : { id, name: action!.name!, hash };
}

/**
 * The stored result of a caller's append that is refused although it was stored under its command id: a later catalogue
 * may refuse or convert its payloads.
 * @throws the refusal if it was not stored, CommandIdReusedError if other events were
 */
export async function storedAppend(
  ctx: Context,
  store: string,
  tag: CommandTag,
  refusal: unknown,
): Promise<StoredAnswer> {
  const { type } = (refusal ?? {}) as { type?: unknown };
  if (type !== "VALIDATION_ERROR" && type !== "EVENT_ID_REUSED") throw refusal;
  const events = await earlierEvents(ctx, store, tag.id);
  if (events.length === 0) throw refusal;
  assertSameCommand(tag, events, "events");
  const answer = repeatedAnswer(events);
  if (isFromAnotherNode(ctx)) assertAnswerFits(ctx, answer);
  return answer;
}

/** Whether the first event of an append is stored already. */
export async function isKnownAppend(
  { reader }: Pick<StoreHost, "reader">,
  { events }: AppendInput,
  commandId: string | undefined,
): Promise<boolean> {
  const id: unknown = commandId === undefined ? events?.[0]?.id : derivedEventId(commandId, 0);
  return isEventId(id) && (await reader.findByIds([id.toLowerCase()])).length > 0;
}

/**
 * The refusal of an append with a command id that is stored with other events: its caller knows the command id, not the
 * ids of the events that follow from it. Any other error as it is.
 */
export function reusedBy(ctx: Context, error: unknown): unknown {
  if ((error as { type?: unknown } | null)?.type !== "EVENT_ID_REUSED") return error;
  const commandId = commandIdOf(ctx);
  return commandId === undefined ? error : new CommandIdReusedError(commandId, ctx.action!.name!, "events");
}

/** Of what makes two appends the same. Undefined for params that the checks of the append refuse. */
function contentHash({ stream, events }: AppendInput): string | undefined {
  try {
    return commandHash({ stream, events: events.map(({ type, payload }) => ({ type, payload })) });
  } catch {
    return undefined;
  }
}

import type { Context } from "moleculer";
import { CommandIdReusedError } from "../../../core/log/command-id.ts";
import { commandIdOf } from "../../service/command-header.ts";

/**
 * The refusal of an append with a command id that is stored with other events: its caller knows the command id, not the
 * ids of the events that follow from it. Any other error as it is.
 */
export function reusedBy(ctx: Context, error: unknown): unknown {
  if ((error as { type?: unknown } | null)?.type !== "EVENT_ID_REUSED") return error;
  const commandId = commandIdOf(ctx);
  return commandId === undefined ? error : new CommandIdReusedError(commandId, ctx.action!.name!, "events");
}

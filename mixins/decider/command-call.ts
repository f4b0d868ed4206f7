import { appendIdOf } from "../service/append-id.ts";
import type { Context } from "moleculer";
import type { DeciderDefinition } from "../../core/decider/decider.ts";
import type { CommandTag } from "../../core/log/command-tag.ts";
import { ValidationError } from "../../core/errors/errors.ts";
import { entityId } from "../../core/event/params-id.ts";
import { nameProblem, unfilledProblem } from "../../core/event/stream-name.ts";
import { commandIdOf } from "../service/command-header.ts";
import { isDryRun } from "../service/dry-run-flag.ts";
import { sentHash } from "../service/sent-params.ts";

/** The checked call of a command's action. */
export interface CommandCall {
  command: string;
  ctx: Context<object>;
  id: string;
  stream: string;
  tag: CommandTag;
  /** The command id of the append, if the command has one. */
  appendId: string | undefined;
  isDryRun: boolean;
}

/** @throws ValidationError if the entity's id or the command's id is invalid */
export function toCommandCall(decider: DeciderDefinition, command: string, ctx: Context<object>): CommandCall {
  const id = entityId(ctx.params);
  const commandId = commandIdOf(ctx);
  const name = ctx.action?.name ?? command;
  // Moleculer merges the meta of nested calls into it.
  if (!Object.isExtensible(ctx.meta)) ctx.meta = { ...ctx.meta };
  const call = { command, ctx, id, stream: entityStream(decider, id), isDryRun: isDryRun(ctx) };
  if (commandId === undefined) return { ...call, tag: { id: ctx.id, name }, appendId: undefined };
  const hash = sentHash(ctx);
  return {
    ...call,
    tag: { id: commandId, name, ...(hash !== undefined && { hash }) },
    appendId: appendIdOf([commandId, decider.name, command, id]),
  };
}

/** @throws ValidationError for an id that cannot be part of a stream's name */
export function entityStream(decider: DeciderDefinition, id: string): string {
  const stream = decider.streamOf(id);
  const problem = nameProblem("id", stream) ?? unfilledProblem("id", stream);
  if (!problem) return stream;
  throw new ValidationError([{ ...problem, found: id, expected: `an id whose stream has ${problem.expected}` }]);
}

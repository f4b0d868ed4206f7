import { createHash } from "node:crypto";
import type { Context } from "moleculer";
import { commandHash } from "../../core/decider/command-hash.ts";
import type { DeciderDefinition } from "../../core/decider/decider.ts";
import type { CommandTag } from "../../core/log/command-tag.ts";
import { ValidationError } from "../../core/errors/errors.ts";
import { entityId } from "../../core/event/params-id.ts";
import { nameProblem } from "../../core/event/stream-name.ts";
import { dryRunFlag } from "../service/dry-run-flag.ts";

export interface CommandMeta {
  commandId?: unknown;
  [dryRunFlag]?: unknown;
}

/** The checked call of a command's action. */
export interface CommandCall {
  command: string;
  ctx: Context<object>;
  id: string;
  stream: string;
  tag: CommandTag;
  /** The append's key, if the caller set `meta.commandId`. */
  key: string | undefined;
  isDryRun: boolean;
}

const maxIdCharacters = 255;

/** The fields that were removed from a call's meta, keyed by `ctx.locals`, which the copy for a retry by Moleculer shares. */
const taken = new WeakMap<object, CommandMeta>();

/** @throws ValidationError if the entity's id or the command's id is invalid */
export function toCommandCall(decider: DeciderDefinition, command: string, ctx: Context<object>): CommandCall {
  const id = entityId(ctx.params);
  const { commandId: sent, isDryRun } = takeOwnMeta(ctx);
  const commandId = isDryRun ? undefined : sent;
  const name = ctx.action?.name ?? command;
  const call = { command, ctx, id, stream: entityStream(decider, id), isDryRun };
  if (commandId === undefined || commandId === null) return { ...call, tag: { id: ctx.id, name }, key: undefined };
  const isId =
    typeof commandId === "string" &&
    commandId !== "" &&
    commandId.length <= maxIdCharacters &&
    commandId.isWellFormed();
  if (!isId)
    throw new ValidationError([
      { field: "meta.commandId", found: commandId, expected: `a string of 1 to ${maxIdCharacters} characters` },
    ]);
  const hash = commandHash({ ...ctx.params, id }, decider.commands.get(command)!.declared);
  return { ...call, tag: { id: commandId, name, hash }, key: keyOf([commandId, decider.name, command, id]) };
}

/** Removes `commandId` and the dry-run flag from meta: nested calls would inherit them, but are other commands. */
function takeOwnMeta(ctx: Context<object>): { commandId: unknown; isDryRun: boolean } {
  const own: CommandMeta = taken.get(ctx.locals) ?? ctx.meta;
  const isTold = "commandId" in own || dryRunFlag in own;
  if (isTold) taken.set(ctx.locals, own);
  // A new object: Moleculer merges the meta of nested calls into it, and the caller may reuse its own.
  if (isTold || !Object.isExtensible(ctx.meta)) {
    const { commandId: _, [dryRunFlag]: __, ...meta } = ctx.meta as CommandMeta;
    ctx.meta = meta;
  }
  return { commandId: own.commandId, isDryRun: dryRunFlag in own };
}

/** Hashed, because the parts together may be longer than a key. */
const keyOf = (parts: readonly string[]) => createHash("sha256").update(JSON.stringify(parts)).digest("hex");

/** @throws ValidationError for an id that cannot be part of a stream's name */
export function entityStream(decider: DeciderDefinition, id: string): string {
  const stream = decider.streamOf(id);
  const problem = nameProblem("id", stream);
  if (!problem) return stream;
  throw new ValidationError([{ ...problem, found: id, expected: `an id whose stream has ${problem.expected}` }]);
}

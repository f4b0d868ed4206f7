import { createHash } from "node:crypto";
import type { Context } from "moleculer";
import { commandHash } from "../../core/command-hash.ts";
import type { DeciderDefinition } from "../../core/decider.ts";
import { ValidationError } from "../../core/errors.ts";

/** A call of `dryRun` on its way to the command's own action, whose params and hooks it has to pass. */
export const dryRunFlag = "$dryRun";

export interface CommandMeta {
  commandId?: unknown;
  [dryRunFlag]?: unknown;
}

/** What a command leaves in the meta of its events. */
export interface CommandTag {
  /** The caller's `ctx.meta.commandId`, or the id of the call. */
  id: string;
  /** The action. */
  name: string;
  /** Of the params: told only where the caller named the command. */
  hash?: string;
}

/** A command that somebody sent, ready to be decided. */
export interface CommandCall {
  command: string;
  ctx: Context<object>;
  id: string;
  stream: string;
  tag: CommandTag;
  /** The append's key, where the caller named the command. */
  key: string | undefined;
  isDryRun: boolean;
}

const maxIdCharacters = 255;

/** @throws ValidationError where the entity's id or the command's is none */
export function toCommandCall(decider: DeciderDefinition, command: string, ctx: Context<object>): CommandCall {
  const id = entityId(ctx.params);
  const isDryRun = dryRunFlag in ctx.meta;
  const commandId = isDryRun ? undefined : ownMeta(ctx).commandId;
  // Not for the calls that decide may make: theirs are other commands. A new object, as the caller may use his again.
  if (isDryRun || "commandId" in ctx.meta) {
    const { commandId: _, [dryRunFlag]: __, ...meta } = ownMeta(ctx);
    ctx.meta = meta;
  }
  const name = ctx.action?.name ?? command;
  const call = { command, ctx, id, stream: decider.streamOf(id), isDryRun };
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

const ownMeta = (ctx: Context<object>) => ctx.meta as CommandMeta;

/** Hashed, because a key has fewer characters than all of them may have together. */
const keyOf = (parts: readonly string[]) => createHash("sha256").update(JSON.stringify(parts)).digest("hex");

/** @throws ValidationError */
export function entityId(params: unknown): string {
  const { id } = (params ?? {}) as { id?: unknown };
  if (typeof id === "string" && id !== "") return id;
  if (typeof id === "number" || typeof id === "bigint") return String(id);
  throw new ValidationError([{ field: "id", found: id, expected: "the entity's id: a string that is not empty" }]);
}

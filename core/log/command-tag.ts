import type { Problem } from "../errors/problem.ts";

/** What a command leaves in the meta of its events: `meta.command`. */
export interface CommandTag {
  /** The caller's `ctx.meta.commandId`, or the id of the call. */
  id: string;
  /** The action. */
  name: string;
  /** Of the params: set only if the caller named the command. */
  hash?: string;
}

const maxCharacters = 1000;
const isText = (found: unknown) => typeof found === "string" && found.length <= maxCharacters && found.isWellFormed();

/** What is wrong with the `command` of an append. */
export function commandTagProblem(found: unknown): Problem | null {
  const { id, name, hash, ...others } = (found ?? {}) as Record<string, unknown>;
  const isTag = isText(id) && isText(name) && (hash === undefined || isText(hash)) && Object.keys(others).length === 0;
  return isTag ? null : { field: "command", found, expected: "what a decider says: {id, name, hash?}" };
}

import type { Problem } from "../errors/problem.ts";

/** The trace of a command in its events: `meta.$command`. */
export interface CommandTag {
  /** The caller's command id, or the id of the call. */
  id: string;
  /** The action's name. */
  name: string;
  /** `commandHash` of the params; set only if the caller named the command. */
  hash?: string;
}

const maxCharacters = 1000;
const isText = (found: unknown) => typeof found === "string" && found.length <= maxCharacters && found.isWellFormed();

/** The problem of the `command` of an append, or of another field with one. */
export function commandTagProblem(found: unknown, field = "command"): Problem | null {
  const { id, name, hash, ...others } = (found ?? {}) as Record<string, unknown>;
  const isTag = isText(id) && isText(name) && (hash === undefined || isText(hash)) && Object.keys(others).length === 0;
  return isTag ? null : { field, found, expected: "a command's tag: {id, name, hash?}" };
}

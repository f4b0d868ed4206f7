import type { Context } from "moleculer";
import { ValidationError } from "../../core/errors/errors.ts";
import { isPlainText } from "../../core/text/plain-text.ts";

/** The key in meta of the fold that a transform's call belongs to: see `FoldToken`. */
export const foldToken = "$fold";

/** Identifies the fold that a transform belongs to. It travels in `ctx.meta.$fold` along the transform's calls. */
export interface FoldToken {
  table: string;
  node: string;
  id: number;
}

const maxCharacters = 255;

/**
 * The token of a call; null if it has none. The caller controls meta, so the value may be anything.
 * @throws ValidationError for a value that no transform has sent
 */
export function foldTokenOf({ meta }: Pick<Context, "meta">): FoldToken | null {
  const found: unknown = (meta as { [foldToken]?: unknown })[foldToken];
  if (found === undefined || found === null) return null;
  const { table, node, id } = found as Partial<Record<keyof FoldToken, unknown>>;
  if (isPlainText(table, maxCharacters) && isPlainText(node, maxCharacters) && Number.isSafeInteger(id))
    return { table, node, id: id as number };
  throw new ValidationError([
    { field: `meta.${foldToken}`, found, expected: "none, or the token {table, node, id} of a transform's own call" },
  ]);
}

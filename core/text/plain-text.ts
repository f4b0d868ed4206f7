import { brief } from "../errors/problem.ts";

/**
 * True for a text that every engine takes as a key: not empty, at most `most` UTF-16 units, without half a surrogate pair
 * (it has no UTF-8 form) and without NUL (PostgreSQL has none).
 */
export const isPlainText = (found: unknown, most: number): found is string =>
  typeof found === "string" && found !== "" && found.length <= most && found.isWellFormed() && !found.includes("\0");

/** A text of any origin as one that `isPlainText` accepts, unless it is empty; for an error's words, which quote an input. */
export const plainText = (text: string, most: number): string =>
  brief(text.toWellFormed().replaceAll("\0", "\ufffd"), most);

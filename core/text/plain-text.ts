import { brief } from "../errors/problem.ts";

/**
 * Whether every engine accepts the text as a key: not empty, at most `most` UTF-16 units, without a lone surrogate (it
 * has no UTF-8 form) and without NUL (PostgreSQL rejects it).
 */
export const isPlainText = (found: unknown, most: number): found is string =>
  typeof found === "string" && found !== "" && found.length <= most && found.isWellFormed() && !found.includes("\0");

/** Converts any text into one that `isPlainText` accepts unless it is empty, for messages that quote an input. */
export const plainText = (text: string, most: number): string =>
  brief(text.toWellFormed().replaceAll("\0", "\ufffd"), most);

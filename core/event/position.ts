/** Parses a position from a caller: a number, or digits from a prompt or a URL. Null if it is not a position. */
export function parsePosition(found: unknown): number | null {
  const position = typeof found === "string" && /^\d+$/.test(found) ? Number(found) : found;
  return typeof position === "number" && Number.isSafeInteger(position) && position >= 0 ? position : null;
}

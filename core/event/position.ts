/** A position as a caller gives it, in digits where it comes from a prompt or an URL; null where it is none. */
export function parsePosition(found: unknown): number | null {
  const position = typeof found === "string" && /^\d+$/.test(found) ? Number(found) : found;
  return typeof position === "number" && Number.isSafeInteger(position) && position >= 0 ? position : null;
}

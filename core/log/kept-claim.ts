import { createHash } from "node:crypto";

/** In bytes. An index of PostgreSQL rejects values above 2,700. */
const longest = 1000;

/**
 * The value as engines store it. A value that an index or a text of PostgreSQL cannot contain is replaced by its
 * digest.
 */
export function keptClaim(value: string): string {
  if (!value.includes("\0") && !value.startsWith("sha256:") && Buffer.byteLength(value) <= longest) return value;
  return `sha256:${createHash("sha256").update(value).digest("hex")}`;
}

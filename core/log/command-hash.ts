import { createHash } from "node:crypto";
import { canonicalJson } from "../json/canonical-json.ts";

/** Names how a hash is made, since it is stored. Another way to hash gets another tag. */
const tag = "1:";

/**
 * A hash of a command's params as they were sent: a default or conversion that a release adds must not turn a repeated
 * command into another one. The order of their keys does not matter.
 */
export const commandHash = (sent: unknown): string =>
  tag + createHash("sha256").update(canonicalJson(sent)).digest("hex");

/** False if the params differ. A hash that was made in an unknown way cannot be compared, and is taken for the same. */
export const isSameCommand = (stored: string | undefined, own: string | undefined): boolean =>
  stored === own || [stored, own].some((hash) => hash?.startsWith(tag) !== true);

import { createHash } from "node:crypto";

/**
 * The command id of the append that a command leads to: one request may send the same id to several commands. Hashed,
 * because the parts together may be longer than a command id.
 */
export const appendIdOf = (parts: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex");

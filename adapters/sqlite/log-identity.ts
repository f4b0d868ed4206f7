import { createHash, randomUUID } from "node:crypto";
import { basename } from "node:path";

const markLength = 12;
const markOf = (file: string) => createHash("sha256").update(basename(file)).digest("hex").slice(0, markLength);

/**
 * The identity of a new log: a UUID (RFC 9562, version 8) whose last digits are derived from the file's name. Read
 * tables store the identity of their log, so the tables of a lost log reveal its file name.
 */
export function newIdentity(file: string): string {
  const random = randomUUID();
  return `${random.slice(0, 14)}8${random.slice(15, -markLength)}${markOf(file)}`;
}

/** True if the identity was made for a log with this file name. */
export const isIdentityOf = (file: string, identity: string): boolean => identity.endsWith(markOf(file));

import { createHash } from "node:crypto";

/**
 * PostgreSQL's limit for identifiers, in bytes. Other servers allow more, but not 100 characters that are encoded as
 * three each.
 */
const longest = 63;

/** Shortens a plain ASCII name to its beginning and a hash of the whole name, so that no two names collide. */
export const shortName = (name: string): string =>
  name.length <= longest
    ? name
    : `${name.slice(0, 46)}_${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;

/**
 * A store's name as engines use it for databases, schemas and streams. Other characters than letters, digits, `_` and
 * `-` are encoded as the bytes of their UTF-8, so that no two names collide.
 */
export const storageName = (name: string): string =>
  shortName(name.replaceAll(/[^\w-]/gu, (character) => `=${Buffer.from(character).toString("hex")}`));

/**
 * Encodes a key as plain letters in the same order, for engines that sort keys differently or restrict their
 * characters.
 */
export const keyName = (key: string): string => Buffer.from(key).toString("hex");
export const keyOf = (name: string): string => Buffer.from(name, "hex").toString();

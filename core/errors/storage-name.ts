import { createHash } from "node:crypto";

/** Of PostgreSQL's identifiers, in bytes. Other servers take more, but not 100 characters that are written as three each. */
const longest = 63;

/** A name of letters that is too long for a server: its beginning and a hash of all of it, so that no two names meet. */
export const shortName = (name: string): string =>
  name.length <= longest
    ? name
    : `${name.slice(0, 46)}_${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;

/**
 * The name of a store as engines take it for what belongs to the store: characters that some of them refuse are written
 * as the bytes of their UTF-8, so that no two names meet.
 */
export const storageName = (name: string): string =>
  shortName(name.replaceAll(/[^\w-]/gu, (character) => `=${Buffer.from(character).toString("hex")}`));

/** Keys as texts of plain letters in the same order, for engines that compare or take them otherwise. */
export const keyName = (key: string): string => Buffer.from(key).toString("hex");
export const keyOf = (name: string): string => Buffer.from(name, "hex").toString();

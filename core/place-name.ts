/**
 * The name of a store as engines take it for what belongs to the store: characters that some of them refuse are written
 * as the bytes of their UTF-8, so that no two names meet.
 */
export const placeName = (name: string): string =>
  name.replaceAll(/[^\w-]/gu, (character) => `=${Buffer.from(character).toString("hex")}`);

/** Keys as texts of plain letters in the same order, for engines that compare or take them otherwise. */
export const keyName = (key: string): string => Buffer.from(key).toString("hex");
export const keyOf = (name: string): string => Buffer.from(name, "hex").toString();

/** What an error says of a name that a later release will give a meaning, so that no program uses it for another one. */
export const reserved = "none: the name is reserved for a later release";

/** Params of a store's actions to come. */
const reservedParams: readonly string[] = ["tags", "condition", "partition", "category"];

/** Those of them that would select what a read returns. */
export const reservedInReads: readonly string[] = ["partition", "category"];

export const isReservedParam = (name: string): boolean => reservedParams.includes(name);

/** What an error says of a name that a later release will give a meaning, so that no program uses it for another one. */
export const reserved = "none: the name is reserved for a later release";

/** Params to come of a store's actions and of reads. */
const reservedParams: readonly string[] = ["tags", "condition", "partition", "category"];

export const isReservedParam = (name: string): boolean => reservedParams.includes(name);

/** True for an option to come of a mapped action or event, or of a decider's command. */
export const isReservedOption = (name: string): boolean => name === "personal" || isReservedParam(name);

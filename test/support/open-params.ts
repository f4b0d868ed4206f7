/** Params of a mapped action that stores all that it is sent, for specs about something else. */
export const openParams = { $$strict: false, id: "any" } as const;

/**
 * The validator rule of a position, a version, a revision or a limit. Without `max` the validator accepts 1e308 as an
 * integer, and engines fail with errors of their own.
 */
export const wholeNumber = { type: "number", integer: true, min: 0, max: Number.MAX_SAFE_INTEGER } as const;

/**
 * A param that counts: a position, a version, a revision, a limit. Above the largest exact integer the validator takes
 * 1e308 for whole, and engines refuse it by errors of their own.
 */
export const wholeNumber = { type: "number", integer: true, min: 0, max: Number.MAX_SAFE_INTEGER } as const;

/*
 * Params that end up in a store's control state, which hosts read again and again: each is bounded, and a text that every
 * engine takes (no NUL, no half of a surrogate pair).
 */

// oxlint-disable-next-line no-control-regex -- a NUL is what is looked for
const storable = /^[^\u0000\ud800-\udfff]*$/u;

/** A text of up to `max` UTF-16 units. */
const text = (max: number) => ({ type: "string", max, pattern: storable }) as const;

/** A stream, a process or a node: 255 characters of two units each, and what the framework puts before them. */
export const storedName = text(600);
/** The id of an event or of a deadline. */
export const parkedId = text(255);
/** Why an event was given up. */
export const skipReason = text(1000);
/** Why a rebuild ended; the error of a transform may quote a whole payload. */
export const endReason = text(2000);
/** The description of a definition, or the key under which something is kept: it holds several names. */
export const storedKey = text(2000);
/** A claim's value, in the form in which it is compared. */
export const claimValue = text(10_000);

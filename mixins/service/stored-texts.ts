/*
 * Validator rules of params that are stored in a store's control state. Hosts read it repeatedly, so each param is bounded.
 * Every engine must be able to store the text, so it may contain no NUL and no lone surrogate.
 */

// oxlint-disable-next-line no-control-regex -- the pattern excludes NUL
const storable = /^[^\u0000\ud800-\udfff]*$/u;

/** A string of up to `max` UTF-16 units. */
const text = (max: number) => ({ type: "string", max, pattern: storable }) as const;

/** The name of a stream, a process or a node: 255 characters of two units each, and the framework's prefix. */
export const storedName = text(600);
/** The id of an event or of a deadline. */
export const parkedId = text(255);
/** Why an event was skipped. */
export const skipReason = text(1000);
/** Why a rebuild ended. A transform's error may contain a whole payload. */
export const endReason = text(2000);
/** The fingerprint of a definition, or a storage key, which contains several names. */
export const storedKey = text(2000);
/** A claim's value in its normalized form. */
export const claimValue = text(10_000);

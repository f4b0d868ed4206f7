/** Search parameters whose values are as secret as a password. */
const secretParameter = /([?&][\w-]*(?:password|passwd|passphrase|secret|token)=)[^&#\s]*/gi;
/** Where the user and the password of a URL begin, or the password where the user can be told from it. */
const credentials = /:(?:\/+[^\s:@/]*:|\/*)/;
/** A URL whose host was forgotten, or stands behind a character that ends it: what looks like a port is none. */
const unfinished = /(:\/+[^\s:@/[]*:)(?!\d*(?:[/?#,\s]|$))[^]*$/;

/**
 * A text for an error's message and data: the password of a URL in it is `***`, also where the URL is written wrongly. More is left
 * out rather than a part of a password shown; a user without a password may be a token, and is left out too.
 */
export function withoutPassword(text: string): string {
  const shown = text.replace(secretParameter, "$1***");
  const end = shown.lastIndexOf("@");
  const begin = credentials.exec(shown);
  const from = begin ? begin.index + begin[0].length : Infinity;
  return end < from ? shown.replace(unfinished, "$1***") : `${shown.slice(0, from)}***${shown.slice(end)}`;
}
